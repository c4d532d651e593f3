import type { ReactNode } from "react";
import styles from "./sections.module.css";

interface SectionLink {
  id: string;
  title: string;
  href: string;
}

interface Props {
  /** What the sections are of. */
  label: string;
  links: readonly SectionLink[];
  /** The id of the one that is shown. */
  current: string;
  children: ReactNode;
}

/** A page in sections: the ways to each beside the one that is shown. */
export function Sections({ label, links, current, children }: Props) {
  return (
    <div className={styles.sections}>
      <nav aria-label={label} className={styles.links}>
        {links.map(({ id, title, href }) => (
          <a key={id} href={href} aria-current={id === current ? "page" : undefined}>
            {title}
          </a>
        ))}
      </nav>
      <div className={styles.content}>{children}</div>
    </div>
  );
}

interface SectionProps {
  title: string;
  /** What it is for, in a sentence or two. */
  about?: ReactNode;
  children: ReactNode;
}

/** A part of a page under its heading. */
export function Section({ title, about, children }: SectionProps) {
  return (
    <section className={styles.section}>
      <h2>{title}</h2>
      {about && <p className={styles.about}>{about}</p>}
      {children}
    </section>
  );
}
