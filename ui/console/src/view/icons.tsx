/** The few signs of the console, drawn here. Each is decoration beside a word or a label. */
import type { ReactNode } from "react";

function Sign({ children }: { children: ReactNode }) {
  return (
    <svg
      viewBox="0 0 24 24"
      width="1.25em"
      height="1.25em"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {children}
    </svg>
  );
}

export const Logo = () => (
  <svg viewBox="0 0 32 32" width="1.8rem" height="1.8rem" aria-hidden="true" focusable="false">
    <rect width="32" height="32" rx="7" fill="#0b5c4d" />
    <path d="M9 25V8h14v17M16 8v17" fill="none" stroke="#fff" strokeWidth="2.4" strokeLinejoin="round" />
    <circle cx="19.4" cy="17" r="1.4" fill="#fff" />
  </svg>
);

export const Sun = () => (
  <Sign>
    <circle cx="12" cy="12" r="4" />
    <path d="M12 2v2M12 20v2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M2 12h2M20 12h2M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4" />
  </Sign>
);

export const Moon = () => (
  <Sign>
    <path d="M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z" />
  </Sign>
);

export const Bell = ({ off }: { off: boolean }) => (
  <Sign>
    <path d="M6 9a6 6 0 0 1 12 0c0 6 2.5 7 2.5 8h-17C3.5 16 6 15 6 9zM10 20.5a2.2 2.2 0 0 0 4 0" />
    {off ? <path d="M3 3l18 18" /> : null}
  </Sign>
);

export const Microphone = ({ off }: { off: boolean }) => (
  <Sign>
    <rect x="9" y="3" width="6" height="11" rx="3" />
    <path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3" />
    {off ? <path d="M4 3l16 18" /> : null}
  </Sign>
);

export const Person = () => (
  <svg viewBox="0 0 160 100" preserveAspectRatio="xMidYMax meet" aria-hidden="true" focusable="false">
    <circle cx="80" cy="46" r="19" fill="currentColor" />
    <path d="M44 100c0-24 16-32 36-32s36 8 36 32z" fill="currentColor" />
  </svg>
);

export const Plus = () => (
  <Sign>
    <path d="M12 5v14M5 12h14" />
  </Sign>
);

export const Minus = () => (
  <Sign>
    <path d="M5 12h14" />
  </Sign>
);

export const Turn = () => (
  <Sign>
    <path d="M20 12a8 8 0 1 1-2.6-5.9M20 3v4.5h-4.5" />
  </Sign>
);

export const TwoSheets = () => (
  <Sign>
    <rect x="3" y="4" width="7.5" height="16" rx="1.5" />
    <rect x="13.5" y="4" width="7.5" height="16" rx="1.5" />
  </Sign>
);

export const Wide = () => (
  <Sign>
    <path d="M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5" />
  </Sign>
);

export const Keyboard = () => (
  <Sign>
    <rect x="2.5" y="6" width="19" height="12" rx="2" />
    <path d="M6.5 10h.01M10 10h.01M14 10h.01M17.5 10h.01M8 14h8" />
  </Sign>
);

export const Eye = () => (
  <Sign>
    <path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z" />
    <circle cx="12" cy="12" r="2.8" />
  </Sign>
);

export const Hand = () => (
  <Sign>
    <path d="M8 12V5.5a1.5 1.5 0 0 1 3 0V11V4a1.5 1.5 0 0 1 3 0v7V5.5a1.5 1.5 0 0 1 3 0V14c0 4-2 7-6 7s-5-2.5-7.5-7c-.7-1.4 1-2.4 2-1.3L8 15z" />
  </Sign>
);

export const Chevron = () => (
  <Sign>
    <path d="M6 9l6 6 6-6" />
  </Sign>
);
