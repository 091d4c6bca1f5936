import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { codeSections, exampleFiles, presentCorpusFiles } from '../../scripts/corpus.mjs';
import { Oracle } from './decode-oracle.ts';

/** WINMEM_DECODER_CORPUS names other PE files, with `:` between. Elsewhere than in the gate a part may be missing. */
const NAMED = process.env.WINMEM_DECODER_CORPUS?.split(':');
const FILES = (NAMED ?? [...presentCorpusFiles(), ...exampleFiles()]).filter((file) => existsSync(file));

describe.skipIf(FILES.length === 0)('a linear sweep agrees with iced-x86 over', () => {
  test.each(FILES)('%s', { timeout: 60_000 }, (file) => {
    const sections = codeSections(readFileSync(file));
    expect(sections.length).toBeGreaterThan(0);
    for (const code of sections) {
      const oracle = new Oracle(code);
      const found: string[] = [];
      let count = 0;
      for (let offset = 0; offset < code.length && found.length < 10; offset += Math.max(1, oracle.length)) {
        const sentence = oracle.disagreement(offset);
        if (sentence !== undefined) found.push(sentence);
        count++;
      }
      expect(found).toEqual([]);
      expect(count).toBeGreaterThan(code.length / 8);
    }
  });
});
