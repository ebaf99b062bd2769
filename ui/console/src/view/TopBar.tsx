/** Who waits outside, how the day goes, how much this officer takes on; theme, language and the way out. */
import { ActionIcon, Button, Menu, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import { useLanguage } from "../lang/language";
import { waiting } from "../state/attention";
import { decimal, minutesUp, whole } from "../state/format";
import { KEY } from "../state/keys";
import type { Page } from "../state/model";
import { isSupervisor } from "../state/team";
import type { OfficeView } from "../wire/wire";
import { NextWaiting } from "./Controls";
import { Bell, Chevron, Keyboard, Logo } from "./icons";
import { Preferences } from "./Preferences";
import { Dialog } from "./panels/Dialog";
import styles from "./topbar.module.css";
import { useShell, useView } from "./useShell";

export function TopBar() {
  const { t } = useLanguage();
  const { desk } = useView();
  const crowded = desk.page !== "booths" && waiting(desk).length > 0;
  return (
    <header className={styles.bar} data-crowded={crowded || isSupervisor(desk)}>
      <span className={styles.brand}>
        <Logo /> <b>{t.appName}</b>
      </span>
      <span className={styles.branch} title={desk.officer?.branch}>
        {desk.officer?.branch}
      </span>
      <Tabs />
      {crowded ? <NextWaiting /> : null}
      <span className={styles.space} />
      {desk.office === null ? null : <Figures office={desk.office} />}
      <Capacity />
      <Tools />
      <OfficerMenu />
    </header>
  );
}

/** The key that leads back to the booths is the one that led away from them. */
const BACK = { claims: KEY.claims, floor: KEY.floor, statistics: KEY.statistics };

function Tabs() {
  const { t } = useLanguage();
  const { act } = useShell();
  const { desk } = useView();
  const unverified = desk.office?.unverified ?? 0;
  const asked = desk.team.floor.filter((one) => one.booth.visit?.question).length;
  const tab = (page: Page, text: string, count: number, key: string) => (
    <UnstyledButton
      className={styles.tab}
      aria-current={desk.page === page ? "page" : undefined}
      aria-keyshortcuts={key}
      onClick={() => {
        act({ do: "page", page });
      }}
    >
      {text}
      {count > 0 ? <span className={styles.count}>{count}</span> : null}
    </UnstyledButton>
  );
  return (
    <nav className={styles.tabs}>
      {tab("booths", t.tabBooths, 0, desk.page === "booths" ? KEY.claims : BACK[desk.page])}
      {tab("claims", t.tabClaims, unverified, KEY.claims)}
      {isSupervisor(desk) ? tab("floor", t.floor.tab, asked, KEY.floor) : null}
      {tab("statistics", t.tabStatistics, 0, KEY.statistics)}
    </nav>
  );
}

function Figures({ office }: { office: OfficeView }) {
  const { t, language } = useLanguage();
  const claims = whole(office.claims_today, language);
  const today =
    office.attention_s === null
      ? t.todayPlain(claims)
      : t.todayValue(claims, decimal(office.attention_s / 60, language));
  return (
    <>
      <span className={styles.figure}>
        <span className={styles.caption}>{t.waitingOutside}</span>
        <b data-testid="waiting-outside">
          {office.waiting === 0 ? t.waitingNobody : t.waitingValue(office.waiting, minutesUp(office.expected_wait_s))}
        </b>
      </span>
      <span className={styles.figure}>
        <span className={styles.caption}>{t.today}</span>
        <b>{today}</b>
      </span>
    </>
  );
}

function Capacity() {
  const { t } = useLanguage();
  const { act } = useShell();
  const { desk } = useView();
  const busy = desk.tiles.filter((entry) => entry !== null).length;
  const option = (capacity: number) =>
    capacity === 0 ? t.capacityPause : capacity === 1 ? t.capacityOne : t.capacityOption(capacity);
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <UnstyledButton
          className={styles.accept}
          data-paused={desk.capacity === 0}
          disabled={desk.link !== "up"}
          data-testid="capacity"
        >
          <span aria-hidden="true">{desk.capacity === 0 ? "Ⅱ" : "●"}</span>
          {desk.team.ending ? t.team.ending(busy) : desk.capacity === 0 ? t.paused : t.accepting(busy, desk.capacity)}
          <Chevron />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t.capacityTitle}</Menu.Label>
        <Menu.RadioGroup
          value={desk.capacity.toString()}
          onChange={(capacity) => {
            act({ do: "capacity", capacity: Number(capacity) });
          }}
        >
          {[6, 5, 4, 3, 2, 1, 0].map((capacity) => (
            <Menu.RadioItem key={capacity} value={capacity.toString()} closeMenuOnClick>
              {option(capacity)}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  );
}

function Tools() {
  const { t } = useLanguage();
  const shell = useShell();
  const { alarmSilent } = useView();
  const sound = alarmSilent ? t.alarmOff : t.alarmOn;
  return (
    <div className={styles.tools}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={sound}
        aria-pressed={!alarmSilent}
        title={sound}
        onClick={() => {
          shell.silenceAlarm(!alarmSilent);
        }}
      >
        <Bell off={alarmSilent} />
      </ActionIcon>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={t.keysHelp}
        aria-keyshortcuts={KEY.help}
        title={`${t.keysHelp} (${KEY.help})`}
        onClick={() => {
          shell.act({ do: "open", panel: "keys" });
        }}
      >
        <Keyboard />
      </ActionIcon>
      <Preferences />
    </div>
  );
}

function OfficerMenu() {
  const { t } = useLanguage();
  const shell = useShell();
  const { desk } = useView();
  const [asking, setAsking] = useState(false);
  const name = desk.officer?.name ?? "";
  const busy = desk.tiles.some((entry) => entry !== null);
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <UnstyledButton className={styles.officer} aria-label={t.officerMenu(name)}>
            <b>{name}</b> <Chevron />
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            disabled={desk.link !== "up"}
            onClick={() => {
              shell.act({ do: "end_shift", ending: !desk.team.ending });
            }}
          >
            {desk.team.ending ? t.team.endShiftStop : t.team.endShift}
            {desk.team.ending ? null : <small className={styles.what}>{t.team.endShiftHint}</small>}
          </Menu.Item>
          <Menu.Item
            onClick={() => {
              if (busy) setAsking(true);
              else void shell.signOut();
            }}
          >
            {t.signOut}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Dialog
        opened={asking}
        onClose={() => {
          setAsking(false);
        }}
        title={t.signOutBusy}
        size="md"
      >
        <div className={styles.choice}>
          <Button
            variant="default"
            data-autofocus
            onClick={() => {
              setAsking(false);
            }}
          >
            {t.cancel}
          </Button>
          <Button
            color="brick"
            onClick={() => {
              setAsking(false);
              void shell.signOut();
            }}
          >
            {t.signOut}
          </Button>
        </div>
      </Dialog>
    </>
  );
}
