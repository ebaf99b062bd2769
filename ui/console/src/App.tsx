/** Which of the two faces the console shows: the login, or the desk of whoever is logged in. */
import { useCallback, useEffect, useState } from "react";
import { whoAmI } from "./link/http";
import { Shell } from "./shell";
import { Login } from "./view/Login";
import { Main } from "./view/Main";
import { Starting } from "./view/Starting";

type Face =
  { kind: "starting" } | { kind: "unreachable" } | { kind: "login"; ended: boolean } | { kind: "desk"; shell: Shell };

/** How often a page that found no hub looks again. */
const LOOK_AGAIN_MS = 5_000;

export function App() {
  const [face, setFace] = useState<Face>({ kind: "starting" });

  const enter = useCallback(() => {
    const shell = new Shell(() => {
      setFace({ kind: "login", ended: true });
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
      if (me === "in") enter();
      else setFace(me === "out" ? { kind: "login", ended: false } : { kind: "unreachable" });
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
      return <Starting unreachable={face.kind === "unreachable"} />;
    case "login":
      return <Login ended={face.ended} onIn={enter} />;
    case "desk":
      return <Main shell={face.shell} />;
  }
}
