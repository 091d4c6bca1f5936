import {
  PAGE_EXECUTE_READ,
  PAGE_EXECUTE_READWRITE,
  PAGE_READWRITE,
  SEC_IMAGE,
  SEC_IMAGE_NO_EXECUTE,
} from '../../memory/constants.ts';
import { Section } from '../../memory/section.ts';
import {
  STATUS_ACCESS_DENIED,
  STATUS_INVALID_FILE_FOR_SECTION,
  STATUS_INVALID_HANDLE,
  STATUS_INVALID_PARAMETER_4,
} from '../../memory/status.ts';
import type { FileObject } from '../../process/file-object.ts';
import { SectionObject } from '../../process/section-object.ts';
import type { Thread } from '../../process/thread.ts';

const INVALID_HANDLE_VALUE = -1;
const GENERIC_READ_RIGHT = 0x1;
const GENERIC_WRITE_RIGHT = 0x2;
const GENERIC_EXECUTE_RIGHT = 0x20;

/** Rights to the file that a section of this protection needs. */
function fileRights(protection: number): number {
  const execute = protection >= PAGE_EXECUTE_READ ? GENERIC_EXECUTE_RIGHT : 0;
  const write =
    protection === PAGE_READWRITE || protection === PAGE_EXECUTE_READWRITE ? GENERIC_WRITE_RIGHT : 0;
  return GENERIC_READ_RIGHT | write | execute;
}

/**
 * A new section over a file, or over the page file when `file` is INVALID_HANDLE_VALUE; or an NTSTATUS. A
 * pending stop of the thread says what is not built.
 */
export function createSection(
  thread: Thread,
  file: number,
  size: number,
  protection: number,
  flags: number,
): SectionObject | number {
  const { system } = thread.process.machine;
  if ((flags & SEC_IMAGE) !== 0) {
    thread.stop(
      `CreateFileMapping: ${flags === SEC_IMAGE_NO_EXECUTE ? 'SEC_IMAGE_NO_EXECUTE' : 'SEC_IMAGE'} is not built yet`,
    );
    return STATUS_INVALID_PARAMETER_4;
  }
  if (file === INVALID_HANDLE_VALUE) {
    if (size === 0) return STATUS_INVALID_PARAMETER_4;
    return wrap(Section.pagefile(system, size, protection, flags));
  }
  const entry = thread.process.handles.get(file);
  if (!entry) return STATUS_INVALID_HANDLE;
  if (entry.object.type !== 'file') return STATUS_INVALID_HANDLE;
  const object = entry.object as FileObject;
  if (!object.cache) return STATUS_INVALID_FILE_FOR_SECTION;
  const needs = fileRights(protection);
  if ((entry.access & needs) !== needs) return STATUS_ACCESS_DENIED;
  return wrap(Section.file(system, object.cache, size, protection, flags));
}

function wrap(created: { status: number; section: Section | undefined }): SectionObject | number {
  return created.section ? new SectionObject(created.section) : created.status;
}
