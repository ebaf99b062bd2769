#!/bin/sh
# A machine of files for the service's tests: each of the system's tools as the service calls it, speaking as the real one
# does. Called by the tool's name. $MACHINE is the folder that is the machine's root; every call is noted in $MACHINE/calls.
# A file $MACHINE/fail/TOOL makes that tool fail with its text.
set -eu
tool=${0##*/}
M=$MACHINE
case "$tool $*" in
"ip "* | "timedatectl "* | "systemctl show"* | "lsblk "*) ;;
*) echo "$tool $*" | sed "s|$M||g" >>"$M/calls" ;;
esac
if [ -e "$M/fail/$tool" ]; then
    cat "$M/fail/$tool" >&2
    exit 1
fi
last() { for last; do :; done; echo "$last"; }

case "$tool" in
lsblk) cat "$M/lsblk.json" ;;
ip) case "$*" in *address*) cat "$M/address.json" ;; *) echo '[{"dst":"default","gateway":"192.0.2.1","dev":"eth0"}]' ;; esac ;;
timedatectl) cat "$M/ntp" 2>/dev/null || echo yes ;;
date | hwclock | udevadm | networkctl | e2fsck | resize2fs) ;;
systemd-cryptenroll)
    # What the TPM lets out is a file here. It opens a slot of its own.
    if [ -e "$M/real-header" ]; then
        echo "the TPM's own" >"$M/tpm-secret"
        /usr/sbin/cryptsetup --batch-mode --pbkdf=pbkdf2 --pbkdf-force-iterations=1000 luksAddKey \
            --key-file "$M/run/bilik-device/data.key" "$(last "$@")" "$M/tpm-secret"
        echo '{"type":"systemd-tpm2","keyslots":["1"]}' |
            /usr/sbin/cryptsetup --disable-external-tokens token import "$(last "$@")"
    fi
    ;;
systemd-cryptsetup)
    if [ -e "$M/real-header" ]; then /usr/sbin/cryptsetup open --disable-external-tokens --test-passphrase --key-file "$M/tpm-secret" "$3"; fi
    ;;
mkfs.ext4) rm -rf "$M/data" ;;
systemctl) case "$*" in show*) cat "$M/restarts" 2>/dev/null || echo 0 ;; esac ;;
efibootmgr)
    # The firmware's list, one entry a line: NUMBER LABEL PATH.
    touch "$M/firmware"
    case "$*" in
    *--create-only*)
        number=0
        while grep -q "^000$number " "$M/firmware"; do number=$((number + 1)); done
        echo "000$number $8 HD($6,GPT,part-$6)" >>"$M/firmware"
        ;;
    *--bootorder*) last "$@" >"$M/order" ;;
    *--delete-bootnum*) 
        sed -i "/^$3 /d" "$M/firmware"
        sed -i "s/$3,*//" "$M/order"
        ;;
    *)
        echo "BootOrder: $(cat "$M/order" 2>/dev/null || true)"
        sed 's/^\(....\) \([^ ]*\) \(.*\)/Boot\1* \2\t\3/' "$M/firmware"
        ;;
    esac
    ;;
sfdisk)
    cat >"$M/sfdisk.in"
    # The disk's partitions come to be, with what lay on the disk before; the table names them from now on.
    for part in 1 2 3 4 5; do
        [ -e "$M/dev/vda$part" ] || head -c 4194304 /dev/zero | tr '\0' 'o' >"$M/dev/vda$part"
    done
    cp "$M/lsblk-after.json" "$M/lsblk.json"
    ;;
cryptsetup)
    # A header as Debian's own makes it; opening needs the kernel. The power goes before what $M/cut names.
    if [ -e "$M/real-header" ]; then
        case "$*" in *"$(cat "$M/cut" 2>/dev/null || echo 'no cut')"*) exit 1 ;; esac
        case "$*" in
        open*--disable-external-tokens*--test-passphrase*) exec /usr/sbin/cryptsetup "$@" ;;
        # It asks the TPM first, whatever passphrase it is given.
        open*--test-passphrase*) echo "Key slot 1 unlocked." ;;
        open* | close*) exit 0 ;;
        *--token-type=systemd-tpm2*luksAddKey*)
            [ ! -e "$M/tpm-refuses" ]
            exec /usr/sbin/cryptsetup --key-file "$M/tpm-secret" --batch-mode "$3" "$4" luksAddKey "$8" "$9"
            ;;
        *) exec /usr/sbin/cryptsetup "$@" ;;
        esac
    fi
    case "$*" in
    luksDump*)
        [ -e "$(last "$@").luks" ] || { echo "Device is not a valid LUKS device." >&2; exit 1; }
        printf 'LUKS header information\nLabel:         \t%s\n\nTokens:\nDigests:\n' "$(cat "$(last "$@").luks")"
        ;;
    *luksFormat*) echo bilik-making >"$(last "$@").luks" ;;
    config*) echo "$3" >"$(last "$@").luks" ;;
    esac
    ;;
mount)
    # What is mounted is a folder of its own, $M/data; a memory file system is an empty one.
    at=$(last "$@")
    rm -rf "$at"
    case "$*" in
    *tmpfs*) mkdir -p "$at" ;;
    *) mkdir -p "$M/data" && mv "$M/data" "$at" ;;
    esac
    ;;
umount) mv "$(last "$@")" "$M/data" ;;
systemd-mount)
    [ -d "$M/stick" ] || { echo "Failed to start transient mount unit" >&2; exit 1; }
    at=$(last "$@")
    mkdir -p "${at%/*}"
    mv "$M/stick" "$at"
    ;;
systemd-umount) mv "$(last "$@")" "$M/stick" ;;
mountpoint) [ -d "$(last "$@")" ] ;;
rauc)
    case "$*" in
    info*)
        bundle=$(last "$@")
        case "$(head -c 7 "$bundle")" in
        version) echo "{\"compatible\":\"bilik\",\"version\":\"$(cut -d' ' -f2 "$bundle")\",\"format\":\"verity\"}" ;;
        foreign) echo "signature verification failed: Verify error: self-signed certificate" >&2; exit 1 ;;
        *) echo "Invalid bundle format: Signature size (7449361025514038538) exceeds bundle size" >&2; exit 1 ;;
        esac
        ;;
    status*detailed*) cat "$M/rauc.json" ;;
    status*mark-good*) sed -i 's/"boot_status":"bad"/"boot_status":"good"/' "$M/rauc.json" ;;
    status*mark-bad*)
        # A slot that is bad is not in the firmware's order any more.
        case "$(cat "$M/run/bilik-boot/slot") $*" in a*other | b*bad) bad=bilik-b ;; *) bad=bilik-a ;; esac
        number=$(sed -n "s/^\(....\) $bad .*/\1/p" "$M/firmware")
        sed -i "s/$number//; s/^,//; s/,$//; s/,,/,/" "$M/order"
        ;;
    install*)
        printf 'installing\n  0%% Installing\n 40%% Copying image to rootfs.1\n'
        # Whoever watches says when it may go on.
        while [ -e "$M/hold" ]; do sleep 0.01; done
        if [ -e "$M/install-fails" ]; then echo "LastError: $(cat "$M/install-fails")"; exit 1; fi
        echo '100% Installing done.'
        ;;
    esac
    ;;
runuser)
    [ "$1 $2 $3" = "-u bilik --" ]
    shift 3
    exec "$@"
    ;;
bilik-booth)
    case "$*" in
    *--check) if grep -q 'profile = "no-such"' "$2"; then
        echo "bilik-booth: $2: reader.profile: \"no-such\" does not exist; there are: line" >&2
        exit 2
    fi ;;
    *enrol*)
        if [ -e "$M/enrol-says" ]; then cat "$M/enrol-says" >&2; exit 1; fi
        case "$*" in *--pin=-*) cat >"$M/pin" ;; esac
        cp "$M/identity.json" "$M/var/lib/bilik/identity.json"
        ;;
    *"queue list") cat "$M/queue" ;;
    *"queue export"*) mkdir -p "$(last "$@")" && echo sealed >"$(last "$@")/claim.age" ;;
    esac
    ;;
*) echo "specimen of $tool" ;;
esac
