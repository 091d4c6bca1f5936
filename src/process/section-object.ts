import type { Section } from '../memory/section.ts';
import { KernelObject } from './objects.ts';

/** A section as a kernel object: what CreateFileMapping's handles refer to. */
export class SectionObject extends KernelObject {
  readonly type = 'section';
  readonly section: Section;

  /** Takes over the reference that the section's creation gave. */
  constructor(section: Section) {
    super();
    this.section = section;
  }

  protected destroy(): void {
    this.section.release();
  }
}
