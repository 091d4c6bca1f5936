import { foldName } from './paths.ts';

/** Inner wildcards of https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-_fsrtl_advanced_fcb_header-fsrtlisnameinexpression */
const DOS_STAR = '<'; // any run of characters up to and with the last dot
const DOS_QM = '>'; // one character, or nothing before a dot and at the end
const DOS_DOT = '"'; // a dot, or nothing at the end

/** A pattern of FindFirstFile with its DOS meanings made explicit: `*.*` is all names, `*.` those without a dot. */
function explicit(pattern: string): string {
  if (pattern === '*.*') return '*';
  const folded = foldName(pattern).replaceAll('?', DOS_QM);
  return folded.replace(/\*\.$/, DOS_STAR).replace(/\.(?=[*>])/g, DOS_DOT);
}

/** Whether a name fits a pattern, in any case. */
export function matchesPattern(name: string, pattern: string): boolean {
  const text = foldName(name);
  const parts = explicit(pattern);
  const lastDot = text.lastIndexOf('.');
  // reach[i]: the pattern up to here can take the first i characters.
  let reach = new Uint8Array(text.length + 1);
  reach[0] = 1;
  for (const part of parts) {
    const next = new Uint8Array(text.length + 1);
    for (let i = 0; i <= text.length; i++) {
      if (reach[i]) advance(next, text, i, part, lastDot);
    }
    reach = next;
  }
  return reach[text.length] === 1;
}

function advance(next: Uint8Array, text: string, at: number, part: string, lastDot: number): void {
  const end = at === text.length;
  switch (part) {
    case '*':
      next.fill(1, at);
      return;
    case DOS_STAR:
      // It takes the last dot at most, and without one it can take all.
      for (let i = at; i <= text.length; i++) {
        next[i] = 1;
        if (lastDot >= at && i === lastDot + 1) return;
      }
      return;
    case DOS_QM:
      if (end || text[at] === '.') next[at] = 1;
      else next[at + 1] = 1;
      return;
    case DOS_DOT:
      if (end) next[at] = 1;
      else if (text[at] === '.') next[at + 1] = 1;
      return;
    default:
      if (text[at] === part) next[at + 1] = 1;
  }
}
