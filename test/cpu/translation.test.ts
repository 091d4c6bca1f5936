import { describe, expect, test } from 'vitest';
import { STATE } from '../../src/machine/cpu-state.ts';
import {
  PAGE_EXECUTE_READ,
  PAGE_EXECUTE_READWRITE,
  PAGE_READWRITE,
  PAGE_WRITECOPY,
  SEC_COMMIT,
} from '../../src/memory/constants.ts';
import { Section } from '../../src/memory/section.ts';
import { Exit } from '../../src/process/executor.ts';
import { CODE, DATA, STACK_TOP, TestCpu } from './support.ts';

const RETURN_EAX = (value: number) => `b8 ${value.toString(16).padStart(2, '0')} 00 00 00 c3`;

describe('code that changes', () => {
  test('is translated again after a store of the host', () => {
    const cpu = new TestCpu();
    cpu.code(RETURN_EAX(1));
    cpu.call();
    cpu.code(RETURN_EAX(2));
    cpu.call();
    expect(cpu.register('rax')).toBe(2);
  });

  test('is translated again after a store through another mapping of its section', () => {
    const cpu = new TestCpu();
    const { section } = Section.pagefile(cpu.system, 0x1000, PAGE_EXECUTE_READWRITE, SEC_COMMIT);
    expect(cpu.space.mapView(section!, { base: 0x500_0000, protect: PAGE_READWRITE })).toBe(0);
    expect(cpu.space.mapView(section!, { base: 0x600_0000, protect: PAGE_EXECUTE_READ })).toBe(0);
    cpu.code('c6 47 01 2a ff d6 c3'); // mov byte [rdi+1], 42; call rsi; ret
    cpu.code(RETURN_EAX(7), 0x500_0000);
    expect(cpu.call({}, 0x600_0000)).toBe(Exit.breakpoint);
    expect(cpu.register('rax')).toBe(7);
    expect(cpu.call({ rdi: 0x500_0000, rsi: 0x600_0000 })).toBe(Exit.breakpoint);
    expect(cpu.register('rax')).toBe(42);
  });

  test('may be the caller of the one that changes it', () => {
    const cpu = new TestCpu();
    // call f; mov eax, 1; ret     f (at +0x20): mov byte [rip-26 = the 1], 9; ret
    cpu.code('e8 1b 00 00 00 b8 01 00 00 00 c3');
    cpu.code('c6 05 df ff ff ff 09 c3', CODE + 0x20);
    expect(cpu.call()).toBe(Exit.breakpoint);
    expect(cpu.register('rax')).toBe(9);
  });

  test('may be the very next instruction', () => {
    const cpu = new TestCpu();
    cpu.code('c6 05 01 00 00 00 05 b8 01 00 00 00 c3'); // mov byte [rip+1], 5; mov eax, 1; ret
    expect(cpu.call()).toBe(Exit.breakpoint);
    expect(cpu.register('rax')).toBe(5);
    cpu.memory.setU8(CODE + 8, 1);
    expect(cpu.call()).toBe(Exit.breakpoint);
    expect(cpu.register('rax')).toBe(5);
  });

  test('keeps its translation when data in its page is written', () => {
    const cpu = new TestCpu();
    cpu.code('48 89 87 00 08 00 00 48 ff c8 75 f4 c3'); // 1: mov [rdi+0x800], rax; dec rax; jnz 1b; ret
    expect(cpu.call({ rdi: CODE, rax: 1000 })).toBe(Exit.breakpoint);
    expect(cpu.memory.u64(CODE + 0x800)).toBe(1);
    expect(cpu.cpu.statistics.steps).toBe(0);
    expect(cpu.cpu.statistics.functions).toBeLessThan(5);
  });

  test('is found changed after its page was written while it was not mapped', () => {
    const cpu = new TestCpu();
    cpu.map(0x500_0000, 0x1000, PAGE_EXECUTE_READWRITE);
    cpu.code(RETURN_EAX(1), 0x500_0000);
    cpu.call({}, 0x500_0000);
    cpu.space.free(0x500_0000, 0, 0x8000);
    cpu.map(0x500_0000, 0x1000, PAGE_EXECUTE_READWRITE);
    cpu.code(RETURN_EAX(2), 0x500_0000);
    cpu.call({}, 0x500_0000);
    expect(cpu.register('rax')).toBe(2);
  });

  test('in one address space leaves the translation of another alone', () => {
    const cpu = new TestCpu();
    const other = cpu.system.createSpace();
    const { section } = Section.pagefile(cpu.system, 0x1000, PAGE_EXECUTE_READWRITE, SEC_COMMIT);
    for (const space of [cpu.space, other]) {
      expect(space.mapView(section!, { base: 0x500_0000, protect: PAGE_EXECUTE_READWRITE })).toBe(0);
    }
    cpu.code('cc', 0x500_0000);
    expect(cpu.call({}, 0x500_0000)).toBe(Exit.breakpoint);
    const before = cpu.cpu.statistics.functions;
    cpu.cpu.activate(other);
    cpu.state.rip = 0x500_0000;
    expect(cpu.finish()).toBe(Exit.breakpoint);
    expect(cpu.cpu.statistics.functions).toBe(before);
    cpu.state.rip = CODE;
    expect(cpu.finish()).toBe(Exit.fault);
  });
});

describe('a page that changes its frame', () => {
  test('by copy-on-write in the midst of a block is read where it is then', () => {
    const cpu = new TestCpu();
    const { section } = Section.pagefile(cpu.system, 0x1000, PAGE_READWRITE, SEC_COMMIT);
    const view = 0x500_0000;
    expect(cpu.space.mapView(section!, { base: view, protect: PAGE_WRITECOPY })).toBe(0);
    // mov rax, [rdi]; mov [rsi], rcx; mov rdx, [rdi+8]; ret
    cpu.code('48 8b 07 48 89 0e 48 8b 57 08 c3');
    expect(cpu.call({ rdi: view, rsi: DATA, rcx: 1 })).toBe(Exit.breakpoint);
    expect(cpu.call({ rdi: view, rsi: view + 8, rcx: 42 })).toBe(Exit.breakpoint);
    expect([cpu.register('rax'), cpu.register('rdx')]).toEqual([0, 42]);
  });
});

describe('control flow', () => {
  test('without structure runs all the same', () => {
    const cpu = new TestCpu();
    // xor eax,eax; test ecx,1; jne b;  a: inc eax; dec ecx; js out;  b: add eax,16; dec ecx; jns a;  out: ret
    cpu.code('31 c0 f7 c1 01 00 00 00 75 06 ff c0 ff c9 78 07 83 c0 10 ff c9 79 f3 c3');
    for (const [count, sum] of [
      [0, 1],
      [1, 33 - 16],
      [2, 18],
      [3, 33 + 1],
      [6, 52],
    ] as const) {
      let [expected, left] = [0, count as number];
      let at = left & 1 ? 'b' : 'a';
      for (;;) {
        expected += at === 'a' ? 1 : 16;
        if (--left < 0) break;
        at = at === 'a' ? 'b' : 'a';
      }
      expect(cpu.call({ rcx: count })).toBe(Exit.breakpoint);
      expect([count, cpu.register('rax')]).toEqual([count, expected]);
      void sum;
    }
  });

  test('by jumps to registers does not use up the host stack', () => {
    const cpu = new TestCpu();
    cpu.code('48 ff c9 78 06 48 83 c0 03 ff e2 c3'); // f: dec rcx; js 1f; add rax, 3; jmp rdx; 1: ret
    expect(cpu.call({ rcx: 1_000_000, rdx: CODE })).toBe(Exit.breakpoint);
    expect(cpu.register('rax')).toBe(3_000_000);
  });

  test('that leaves a function by a jump forgets its callers', () => {
    const cpu = new TestCpu();
    // call g; inc eax; ret; nop;   g: pop rdx; mov eax, 7; mov rdx, 0x400100; jmp rdx
    cpu.code('e8 04 00 00 00 ff c0 c3 90 5a b8 07 00 00 00 48 c7 c2 00 01 40 00 ff e2');
    cpu.code('83 c0 20 c3', CODE + 0x100); // add eax, 32; ret
    expect(cpu.call()).toBe(Exit.breakpoint);
    expect(cpu.register('rax')).toBe(39);
  });

  test('returns to a changed return address', () => {
    const cpu = new TestCpu();
    // call g; inc eax; ret;  g: (at +8) add qword ptr [rsp], 2; mov eax, 5; ret   skips the inc
    cpu.code('e8 03 00 00 00 ff c0 c3 48 83 04 24 02 b8 05 00 00 00 c3');
    expect(cpu.call()).toBe(Exit.breakpoint);
    expect(cpu.register('rax')).toBe(5);
  });

  test('recurses 30,000 deep', () => {
    const cpu = new TestCpu();
    cpu.code('85 c9 74 09 ff c9 e8 f5 ff ff ff ff c0 c3'); // f: if (ecx) { ecx--; f(); eax++; }
    expect(cpu.call({ rcx: 30_000, rax: 0 })).toBe(Exit.breakpoint);
    expect(cpu.register('rax')).toBe(30_000);
  });

  test('into deep wasm with many locals stays within the host stack', () => {
    const cpu = new TestCpu();
    // Uses every general and every xmm register around the call, so that frames are as large as they get.
    let hex = '';
    for (let xmm = 0; xmm < 8; xmm++) hex += `66 0f ef ${(0xc0 + xmm * 9).toString(16)} `; // pxor xmmN, xmmN
    hex += '85 c9 74 20 ff c9 48 01 c2 48 01 d3 48 01 dd 49 01 e8 4d 01 c1 4d 01 ca 4d 01 d3 e8 ';
    const from = hex.trim().split(' ').length + 4;
    hex += `${(-from & 0xff).toString(16)} ff ff ff ff c0 c3`;
    cpu.code(hex);
    cpu.memory.setU8(CODE + 32 + 3, hex.trim().split(' ').length - 32 - 4 - 1);
    expect(cpu.call({ rcx: 20_000, rax: 0 })).toBe(Exit.breakpoint);
    expect(cpu.register('rax')).toBe(20_000);
  });

  test('of 5,000 jumps in a row is translated in bounded pieces', () => {
    const cpu = new TestCpu();
    const code = new Uint8Array(5000 * 5 + 1);
    for (let at = 0; at < 25_000; at += 5) code.set([0xff, 0xc0, 0x90, 0xeb, 0x00], at); // inc eax; nop; jmp +0
    code[25_000] = 0xc3;
    cpu.memory.setBytes(CODE, code);
    expect(cpu.call({ rax: 0 })).toBe(Exit.breakpoint);
    expect(cpu.register('rax')).toBe(5000);
  });
});

describe('fuel', () => {
  const cases = {
    'an endless loop': 'eb fe',
    'an endless recursion': 'e8 fb ff ff ff',
    'a loop of indirect jumps': 'ff e0',
    'rep stosb of gigabytes': 'f3 aa c3',
  };
  for (const [name, hex] of Object.entries(cases)) {
    test(`ends a run of ${name} within milliseconds, and it can be continued`, () => {
      const cpu = new TestCpu();
      cpu.code(hex);
      cpu.prepareCall(CODE);
      cpu.state.setGpr(0, CODE);
      cpu.state.setGpr(1, 2 ** 32);
      cpu.state.setGpr(7, DATA);
      cpu.cpu.run(100);
      const started = performance.now();
      expect([Exit.fuel, Exit.fault]).toContain(cpu.cpu.run(100_000));
      expect(performance.now() - started).toBeLessThan(100);
      expect([CODE, CODE + 1]).toContain(cpu.state.rip);
    });
  }

  test('may end anywhere without changing what a program computes', () => {
    const fib =
      '48 83 f9 01 76 3a 57 48 89 cf 56 31 f6 53 48 89 cb 48 83 ec 20 48 8d 4b ff 48 83 eb 02 e8 de ff ff ff 48 01 c6 48 83 fb 01 77 ea 48 83 c4 20 83 e7 01 48 8d 04 37 5b 5e 5f c3 66 0f 1f 44 00 00 48 89 c8 c3';
    const cpu = new TestCpu();
    cpu.code(fib);
    for (const fuel of [1, 2, 3, 7, 50]) {
      cpu.prepareCall(CODE);
      cpu.state.setGpr(1, 12);
      expect(cpu.finish(fuel)).toBe(Exit.breakpoint);
      expect(cpu.register('rax')).toBe(144);
      expect(cpu.state.rsp).toBe(STACK_TOP - 0x1000);
    }
  });

  test('that ends in many places of a large function does not translate it whole for each', () => {
    const cpu = new TestCpu();
    const loops = 200;
    // mov edx, 300; 1: { mov ecx, 5; 2: add rax, rcx; dec ecx; jnz 2b } 200 times; dec edx; jnz 1b; ret
    const inner = 'b9 05 00 00 00 48 01 c8 ff c9 75 f9';
    const back = -(12 * loops + 8);
    const bytes = [0, 8, 16, 24].map((shift) => ((back >> shift) & 0xff).toString(16).padStart(2, '0'));
    cpu.code(`ba 2c 01 00 00 ${`${inner} `.repeat(loops)} ff ca 0f 85 ${bytes.join(' ')} c3`);
    cpu.prepareCall(CODE);
    let ended: number = Exit.fuel;
    for (let round = 0; ended === Exit.fuel; round++) ended = cpu.cpu.run(500 + ((round * 7919) % 5000));
    expect(ended).toBe(Exit.breakpoint);
    expect(cpu.register('rax')).toBe(300 * loops * 15);
    // 4 instructions to a loop. All of them again for each loop were 80,000 more.
    expect(cpu.cpu.statistics.functions).toBeGreaterThan(loops / 2);
    expect(cpu.cpu.statistics.instructions).toBeLessThan(40 * 4 * loops);
  });

  test('keeps flags across the end of a run', () => {
    const cpu = new TestCpu();
    // xor eax, eax; 1: setc dl; add eax, edx; stc; dec ecx; jnz 1b; ret      CF lives round the loop
    cpu.code('31 c0 31 d2 0f 92 c2 01 d0 f9 ff c9 75 f6 c3');
    for (const fuel of [1, 1000]) {
      cpu.prepareCall(CODE);
      cpu.state.setGpr(1, 10);
      expect(cpu.finish(fuel)).toBe(Exit.breakpoint);
      expect(cpu.register('rax')).toBe(9);
    }
  });
});

describe('the state after a run', () => {
  test('has exact flags and what the host sets there counts', () => {
    const cpu = new TestCpu();
    cpu.code('0f 92 c0 c3'); // setc al; ret
    cpu.prepareCall(CODE);
    cpu.state.setWord(STATE.rflags, 0x203);
    expect(cpu.finish()).toBe(Exit.breakpoint);
    expect(cpu.register('rax') & 0xff).toBe(1);
    expect(cpu.state.word(STATE.rflags)).toBe(0x203);
  });
});

describe('what begins inside a function', () => {
  test('is translated only so far, and the rest of the function when it is reached', () => {
    const cpu = new TestCpu();
    const inside = CODE + 0x100;
    cpu.code('ff e7'); // jmp rdi
    // test rsi, rsi; jnz far; ret; far: inc rax 1200 times; ret
    cpu.code(`48 85 f6 75 01 c3 ${'48 ff c0 '.repeat(1200)} c3`, inside);
    expect(cpu.call({ rdi: inside, rsi: 0, rax: 5 })).toBe(Exit.breakpoint);
    expect(cpu.register('rax')).toBe(5);
    expect(cpu.cpu.statistics.instructions).toBeLessThan(600);
    expect(cpu.call({ rdi: inside, rsi: 1, rax: 5 })).toBe(Exit.breakpoint);
    expect(cpu.register('rax')).toBe(1205);
    expect(cpu.cpu.statistics.instructions).toBeLessThan(1300);
  });
});

describe('flags of which an instruction changes some', () => {
  const [CF, PF, ZF, SF, OF] = [0x001, 0x004, 0x040, 0x080, 0x800];
  /** Code that ends with the flags in rax, and what of them holds. */
  const cases: Record<string, { hex: string; flags: number }> = {
    'keep the rest of an addition': {
      hex: 'b8 ff ff ff ff 83 c0 01 ba 01 00 00 00 d1 ca',
      flags: CF | OF | PF | ZF,
    },
    'keep the rest of a shift': { hex: 'b8 01 00 00 00 c1 e0 1f ba 02 00 00 00 d1 c2', flags: PF | SF },
    'keep the rest of a comparison': {
      hex: 'b8 01 00 00 00 83 f8 02 ba 00 00 00 80 c1 c2 01',
      flags: CF | OF | PF | SF,
    },
    'are the last ones of two rotations': {
      hex: '31 c0 ba 03 00 00 00 d1 ca d1 ca c1 c2 04',
      flags: PF | ZF,
    },
    'are those of a bit test after a rotation, and its overflow stays': {
      hex: '31 c0 ba 01 00 00 00 d1 ca 0f ba e2 00',
      flags: OF | PF | ZF,
    },
    'are those of a rotation after a bit test': {
      hex: '31 c0 ba 02 00 00 00 0f ba e2 01 d1 c2',
      flags: PF | ZF,
    },
    'are gone after the next addition': {
      hex: 'ba 01 00 00 00 d1 ca 8b 0c 25 00 00 80 00 b8 01 00 00 00 83 c0 01',
      flags: 0,
    },
  };
  const ALL = CF | PF | ZF | SF | OF;
  for (const [name, { hex, flags }] of Object.entries(cases)) {
    test(`${name}: for pushf, for conditions, at a fault, across a call and where two ways meet`, () => {
      const cpu = new TestCpu();
      cpu.code(`${hex} 9c 58 c3`);
      expect(cpu.call()).toBe(Exit.breakpoint);
      expect(cpu.register('rax') & ALL).toBe(flags);
      for (const [condition, holds] of [
        [0x90, flags & OF],
        [0x92, flags & CF],
        [0x94, flags & ZF],
        [0x96, flags & (CF | ZF)],
        [0x98, flags & SF],
        [0x9a, flags & PF],
        [0x9c, (flags & SF) / SF !== (flags & OF) / OF],
        [0x9e, (flags & ZF) !== 0 || (flags & SF) / SF !== (flags & OF) / OF],
      ] as const) {
        cpu.code(`${hex} 0f ${condition.toString(16)} c1 0f b6 c1 c3`); // setcc cl; movzx eax, cl
        expect(cpu.call()).toBe(Exit.breakpoint);
        expect(cpu.register('rax')).toBe(holds ? 1 : 0);
      }
      cpu.code(`${hex} 8b 0f c3`); // mov ecx, [rdi]
      expect(cpu.call({ rdi: 0 })).toBe(Exit.fault);
      expect(cpu.state.word(STATE.rflags) & ALL).toBe(flags);
      cpu.code(`${hex} e8 01 00 00 00 c3 9c 58 c3`); // call to pushf; pop rax; ret
      expect(cpu.call()).toBe(Exit.breakpoint);
      expect(cpu.register('rax') & ALL).toBe(flags);
      // jecxz over a mov that may fault, so that two ways meet; then the flags
      cpu.code(`31 c9 ${hex} 67 e3 02 8b 0f 9c 58 c3`);
      expect(cpu.call({ rdi: DATA })).toBe(Exit.breakpoint);
      expect(cpu.register('rax') & ALL).toBe(flags);
    });
  }
});
