/** What stands over a page until it is answered or closed. */
import { Modal } from "@mantine/core";
import type { ReactNode } from "react";
import { useLanguage } from "../../lang/language";
import styles from "./panels.module.css";

export function Dialog(props: {
  opened?: boolean;
  title: string;
  hint?: string | undefined;
  size?: string;
  closeOnClickOutside?: boolean;
  onClose: () => void;
  children: ReactNode;
}) {
  const { opened = true, title, hint, size = "34rem", closeOnClickOutside = true, onClose, children } = props;
  const { t } = useLanguage();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={title}
      size={size}
      centered
      closeOnClickOutside={closeOnClickOutside}
      // The page does not scroll, and locking it would write a style element, which the security policy refuses.
      lockScroll={false}
      transitionProps={{ duration: 0 }}
      closeButtonProps={{ "aria-label": t.close }}
      classNames={{ title: styles.title ?? "" }}
    >
      {hint === undefined ? null : <p className={styles.hint}>{hint}</p>}
      {children}
    </Modal>
  );
}
