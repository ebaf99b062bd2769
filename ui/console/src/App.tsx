/** Which of the two faces the console shows: the login, or the desk of whoever is logged in. */
import { useCallback, useEffect, useState } from "react";
import { logout, whoAmI } from "./link/http";
import { Shell } from "./shell";
import { Fleet } from "./view/fleet/Fleet";
import { Login } from "./view/Login";
import { Main } from "./view/Main";
import { Starting } from "./view/Starting";
import { Trail } from "./view/trail/Trail";

type Face =
  | { kind: "starting" }
  | { kind: "unreachable" }
  | { kind: "serves_not"; unheard?: boolean }
  | { kind: "technician" | "auditor"; name: string; branch: string }
  | { kind: "login"; ended: boolean }
  | { kind: "desk"; shell: Shell };

/** How often a page that found no hub looks again. */
const LOOK_AGAIN_MS = 5_000;

export function App() {
  const [face, setFace] = useState<Face>({ kind: "starting" });

  const enter = useCallback(() => {
    const shell = new Shell((byOfficer) => {
      setFace({ kind: "login", ended: !byOfficer });
    });
    shell.start();
    setFace({ kind: "desk", shell });
  }, []);

  useEffect(() => {
    if (face.kind !== "starting" && face.kind !== "unreachable") return;
    let left = false;
    const look = async () => {
      const me = await whoAmI();
      if (left) return;
      switch (me.kind) {
        case "serves":
          enter();
          return;
        case "serves_not":
        case "unreachable":
          setFace({ kind: me.kind });
          return;
        case "technician":
        case "auditor":
          setFace(me);
          return;
        case "out":
          setFace({ kind: "login", ended: false });
          return;
      }
    };
    const timer = window.setTimeout(() => void look(), face.kind === "unreachable" ? LOOK_AGAIN_MS : 0);
    return () => {
      left = true;
      window.clearTimeout(timer);
    };
  }, [face, enter]);

  switch (face.kind) {
    case "starting":
    case "unreachable":
    case "serves_not":
      return (
        <Starting
          state={face.kind}
          unheard={face.kind === "serves_not" && face.unheard === true}
          onSignOut={() => {
            void logout().then((out) => {
              setFace(out ? { kind: "login", ended: false } : { kind: "serves_not", unheard: true });
            });
          }}
        />
      );
    case "login":
      return (
        <Login
          ended={face.ended}
          onIn={() => {
            setFace({ kind: "starting" });
          }}
        />
      );
    case "technician":
    case "auditor": {
      const out = (ended: boolean) => {
        setFace({ kind: "login", ended });
      };
      return face.kind === "technician" ? <Fleet {...face} onOut={out} /> : <Trail {...face} onOut={out} />;
    }
    case "desk":
      return <Main shell={face.shell} />;
  }
}
