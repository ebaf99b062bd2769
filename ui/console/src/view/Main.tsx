/** The desk: bar on top, and under it the booths or the list of claims. */
import type { MouseEvent } from "react";
import type { Shell } from "../shell";
import type { Page as PageName } from "../state/model";
import { Checklist } from "./Checklist";
import { Claims } from "./Claims";
import { Controls } from "./Controls";
import { Decision } from "./Decision";
import { FocusPicture } from "./FocusPicture";
import { Ended, LinkBanner } from "./Link";
import { Panels } from "./panels/Panels";
import { RemoteSound } from "./RemoteSound";
import { Statistics } from "./Statistics";
import { Floor } from "./team/Floor";
import { Thumbnails } from "./Thumbnails";
import { Tiles } from "./Tiles";
import { TopBar } from "./TopBar";
import { useKeys } from "./useKeys";
import { ShellProvider, useView } from "./useShell";
import { Viewer } from "./Viewer";
import styles from "./main.module.css";

export function Main({ shell }: { shell: Shell }) {
  useKeys(shell);
  return (
    <ShellProvider value={shell}>
      <Page />
    </ShellProvider>
  );
}

function Page() {
  const { desk } = useView();
  if (desk.link === "replaced" || desk.link === "outdated") return <Ended link={desk.link} />;
  return (
    <div className={styles.page}>
      <TopBar />
      <RemoteSound />
      <Open page={desk.page} enlarged={desk.viewer.enlarged} />
      <LinkBanner />
      <Panels />
    </div>
  );
}

function Open({ page, enlarged }: { page: PageName; enlarged: boolean }) {
  switch (page) {
    case "booths":
      return <Booths enlarged={enlarged} />;
    case "claims":
      return <Claims />;
    case "floor":
      return <Floor />;
    case "statistics":
      return <Statistics />;
  }
}

function Booths({ enlarged }: { enlarged: boolean }) {
  return (
    <main className={styles.columns} data-enlarged={enlarged} onMouseDown={keepFocus}>
      <Tiles />
      <div className={styles.middle}>
        <FocusPicture />
        <Controls />
        <Thumbnails />
      </div>
      <div className={styles.right}>
        <Checklist />
        <Viewer />
        <Decision />
      </div>
    </main>
  );
}

/** A mouse click on a button leaves the keyboard where it is, so that Enter goes on meaning "correct". */
function keepFocus(event: MouseEvent): void {
  if (event.target instanceof Element && event.target.closest("button") !== null) event.preventDefault();
}
