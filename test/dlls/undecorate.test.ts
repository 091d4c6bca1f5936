import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { undecoratedType } from '../../src/dlls/crt/undecorate.ts';

/** Decorated names and what they stand for, as recorded: lines of test/guest/msvc/names-msvc.cpp. */
const recorded = readFileSync(new URL('../recorded/names-msvc.txt', import.meta.url), 'latin1')
  .split('\r\n')
  .filter((line) => line.startsWith('.'))
  .map((line): [string, string] => {
    const colon = line.indexOf(': ');
    return [line.slice(1, colon), line.slice(colon + 2)];
  });

describe('the type that a name stands for', () => {
  it('is as recorded', () => {
    expect(recorded.length).toBeGreaterThan(180);
    for (const [decorated, type] of recorded)
      expect([decorated, undecoratedType(decorated)]).toEqual([decorated, type]);
  });

  it.each([
    [
      '?AV?$map@HV?$vector@HV?$allocator@H@std@@@std@@U?$less@H@2@@std@@',
      'class std::map<int,class std::vector<int,class std::allocator<int> >,struct std::less<int> >',
    ],
    [
      '?AV?$basic_string@DU?$char_traits@D@std@@V?$allocator@D@2@@std@@',
      'class std::basic_string<char,struct std::char_traits<char>,class std::allocator<char> >',
    ],
    ['?AUCar@?1??main@@YAHXZ@', "struct `int __cdecl main(void)'::`2'::Car"],
    ['?AUCar@?BA@??f@@YAXXZ@', "struct `void __cdecl f(void)'::`16'::Car"],
    ['?AUL@?1??f@@YA?A_PXZ@', "struct `auto __cdecl f(void)'::`2'::L"],
    [
      '?AUL@?1??h@@YA?A?<auto>@@US1@@PEAU3@@Z@',
      "struct `<auto> __cdecl h(struct S1,struct S1 * __ptr64)'::`2'::L",
    ],
    [
      '?AUL@?1???$?RUS2@@@<lambda_1>@?0??use@@YAXXZ@QEBA?A?<auto>@@US2@@US1@@@Z@',
      "struct `public: <auto> __cdecl `void __cdecl use(void)'::`1'::<lambda_1>::operator()<struct S2>(struct S2,struct S1)const __ptr64'::`2'::L",
    ],
    [
      '?AUL@?1???$?0H@?$A@D@b@@QEAA@H@Z@',
      "struct `public: __cdecl b::A<char>::A<char><int>(int) __ptr64'::`2'::L",
    ],
    ['?AUL@?1???$?BH@A@@QEAAHXZ@', "struct `public: __cdecl A::operator int<int>(void) __ptr64'::`2'::L"],
    ['?AUL@?1???__K_km@@YAHN@Z@', 'struct `int __cdecl operator "" _km(double)\'::`2\'::L'],
    [
      '?AUL@?1???__MA@@QEBAHAEBU1@@Z@',
      "struct `public: int __cdecl A::operator<=>(struct A const & __ptr64)const __ptr64'::`2'::L",
    ],
    [
      '?AUL@?1???_UA@@SAPEAX_K@Z@',
      "struct `public: static void * __ptr64 __cdecl A::operator new[](unsigned __int64)'::`2'::L",
    ],
    ['?AU?$P@$1?fp@@3P6AHH@ZEA@@', 'struct P<&int (__cdecl* __ptr64 fp)(int)>'],
    ['?AU?$P@$1?text@@3PEBDEB@@', 'struct P<&char const * __ptr64 __ptr64 text>'],
    ['?AU?$P@$1?m@@3PEQA@@HEQ1@@@', 'struct P<&int A::* __ptr64 __ptr64 m>'],
    [
      '?AU?$P@$H?f@A@@QEAAXXZ7$I?f@A@@QEAAXXZA@0@@',
      'struct P<{public: void __cdecl A::f(void) __ptr64,8},{public: void __cdecl A::f(void) __ptr64,0,1}>',
    ],
    ['?AU?$P@$MH00$M_NA@$MW4E@@0A@$1?f@@YAXXZ@@', '?AU?$P@$MH00$M_NA@$MW4E@@0A@$1?f@@YAXXZ@@'],
    ['?AU?$P@$MH00$M_N0A@$MW4E@@0A@$M$$T0A@@@', 'struct P<1,0,0,0>'],
    ['P6AHAEAY02$$CBH@Z', 'int (__cdecl*)(int const (& __ptr64)[3])'],
    ['$$A6AP6AXXZP6AXXZ@Z', 'void (__cdecl*__cdecl(void (__cdecl*)(void)))(void)'],
    ['P8A@@EIGDAXXZ', 'void (__cdecl A::*)(void)const volatile __ptr64 __restrict&'],
  ])('%s', (decorated, type) => {
    expect(undecoratedType(decorated)).toBe(type);
  });
});

/** What Windows itself wrote, in reports of others; where a linker wrote it, without the __ptr64 that it leaves out. */
describe('names seen on Windows', () => {
  it.each([
    // https://github.com/dlr-gtlab/gtlab-core/issues/329
    ['P8<lambda_1>@@EBA_NPEAH@Z', 'bool (__cdecl <lambda_1>::*)(int * __ptr64)const __ptr64'],
    // https://github.com/mosra/corrade/pull/63
    [
      '?AU?$P@UWidget@?1??signals@Test@?A0x10c491b6@3Interconnect@Corrade@@QEAAXXZ@U1?1??234356@QEAAXXZ@@@',
      "struct P<struct `public: void __cdecl Corrade::Interconnect::Test::`anonymous namespace'::Test::signals(void) __ptr64'::`2'::Widget," +
        "struct `public: void __cdecl Corrade::Interconnect::Test::A0x10c491b6::Test::signals(void) __ptr64'::`2'::Widget>",
    ],
    // https://github.com/tkem/fsmlite/issues/6
    [
      '?AU?$mem_fn_action@Upause@player@@$1?pause_playback@2@AEAAXAEBU12@@Z@?$fsm@Vplayer@@H@fsmlite@@',
      'struct fsmlite::fsm<class player,int>::mem_fn_action<struct player::pause,&private: void __cdecl ' +
        'player::pause_playback(struct player::pause const & __ptr64) __ptr64>',
    ],
    // https://en.cppreference.com/w/cpp/types/type_info/name
    ['PEBUBase@@', 'struct Base const * __ptr64'],
  ])('%s', (decorated, type) => {
    expect(undecoratedType(decorated)).toBe(type);
  });
});

describe('what is no type stays as it is', () => {
  it.each([
    ['nothing', ''],
    ['letters that are no code', 'L'],
    ['a name without letters', '?AV@@'],
    ['a name that does not end', '?AVfoo'],
    ['a type that something follows', '?AVfoo@@H'],
    ['a class that is an operator', '?AV?0foo@@'],
    ['a reference to a name that is not there', '?AVa@9@'],
    ['a reference to a parameter that is not there', 'P6AX0@Z'],
    ['a reference from inside a template to names outside of it', '?AVa@?$b@V1@@@'],
    ['a reference from inside a template to parameters outside of it', 'P6AXPEAHV?$b@P6AX0@Z@@@Z'],
    ['an enum that says no size', '?AW9E@@'],
    ['an array of no dimensions', '$$BYA@H'],
    ['an array of fewer dimensions than none', '$$BY?0H'],
    ['an array of more dimensions than there are', '$$BYPPPPPPPPPPPPPPPP@H'],
    ['a template without a name', '?AU?$@H@@'],
    ['an array of arrays', '$$BY02$$BY02H'],
    ['an array of functions', '$$BY02$$A6AXXZ'],
    ['a function that returns an array', 'P6A$$BY02HXZ'],
    ['a function that returns a function', 'P6A$$A6AXXZXZ'],
    ['a function of an unknown convention', 'P6ZXXZ'],
    ['a function without parameters that does not say so', 'P6AX@Z'],
    ['a pointer with the ampersand of a member function', 'PEGAH'],
    ['a number of more than 64 bits', '?AU?$P@$0BAAAAAAAAAAAAAAAA@@@'],
    ['a number without digits', '?AU?$P@$0@@@'],
    ['a number with other letters', '?AU?$P@$0BZ@@@'],
    ['a value of an unknown kind', '?AU?$P@$Z@@'],
    ['a scope that is a function of an unknown kind', '?AUL@?1??f@A@@GEAAXXZ@'],
    ['a constructor of no class', '?AUL@?1???0@@QEAA@XZ@'],
    ['a conversion without a type', '?AUL@?1???BA@@9@'],
  ])('%s', (_what, decorated) => {
    expect(undecoratedType(decorated)).toBe(decorated);
  });
});

describe('hostile', () => {
  const LONGEST = 0x10000;

  it('a name that is cut anywhere is a shorter type or stays as it is', () => {
    for (const [decorated] of recorded) {
      for (let length = 0; length < decorated.length; length++) {
        const cut = decorated.slice(0, length);
        const type = undecoratedType(cut);
        // No type has signs of a decorated name in it.
        if (type !== cut) expect([cut, type]).toEqual([cut, expect.not.stringMatching(/[?@]/)]);
      }
    }
  });

  it.each([
    ['pointers', 'PEA', 'H', ''],
    ['pointers that are read alike', '$$CB', 'H', ''],
    ['templates', 'U?$a@', 'H', '@@'],
    ['functions', 'P6A', 'X', 'XZ'],
    ['local scopes', 'UL@?1??f@', '', '@'],
    ['addresses', 'U?$a@$1?x@@3', 'H', 'A@@'],
    ['classes of members', 'PEQ?$a@', 'H', '@@H'],
    ['dimensions', 'PEAY00', 'H', ''],
  ])('%s nested without an end are no type', (_what, before, inside, after) => {
    const deep = before.repeat(5000) + inside + after.repeat(5000);
    expect(undecoratedType(deep)).toBe(deep);
    const few = before.repeat(40) + inside + after.repeat(40);
    expect(undecoratedType(few).length).toBeLessThanOrEqual(LONGEST);
  });

  it('references to what consists of references do not make megabytes', () => {
    // Each function has nine parameters of the kind of the one before it.
    let name = 'P6AXPEAH00000000@Z';
    for (let i = 1; i < 9; i++) name += `P6AX${`${i}`.repeat(9)}@Z`;
    const all = `P6AX${name}@Z`;
    expect(undecoratedType(all)).toBe(all);
    const classes = `P6AXV${'n'.repeat(30000)}@@${'V0@'.repeat(10000)}@Z`;
    expect(undecoratedType(classes)).toBe(classes);
    const scopes = `V${'n'.repeat(30000)}@${'0'.repeat(30000)}@`;
    expect(undecoratedType(scopes)).toBe(scopes);
  });

  it('many texts of the longest kind are given up together', () => {
    const one = `U?$a@V${'n'.repeat(900)}@@${'V1@'.repeat(60)}@@`;
    const name = `P6AX${one.repeat(30)}@Z`;
    expect(undecoratedType(one).length).toBeGreaterThan(50_000);
    expect(undecoratedType(name)).toBe(name);
  });

  it('a name that is longer than compilers write stays as it is', () => {
    const long = `V${'n'.repeat(LONGEST)}@@`;
    expect(undecoratedType(long)).toBe(long);
    const wordy = `P${'E'.repeat(LONGEST)}AH`;
    expect(undecoratedType(wordy)).toBe(wordy);
    const twice = `V${'n'.repeat(40_000)}@0@`;
    expect(undecoratedType(twice)).toBe(twice);
    const fits = `V${'n'.repeat(4000)}@@`;
    expect(undecoratedType(fits)).toBe(`class ${'n'.repeat(4000)}`);
  });

  it('names that mean something to JavaScript are names', () => {
    expect(undecoratedType("VL@?1???0$'$&@@QEAA@XZ@")).toBe(
      "class `public: __cdecl $'$&::$'$&(void) __ptr64'::`2'::L",
    );
    expect(undecoratedType('V__proto__@constructor@@')).toBe('class constructor::__proto__');
  });

  it('whatever is changed in a name, it stays as it is or a type comes of it', () => {
    const names = recorded.map(([decorated]) => decorated);
    const alphabet = '?@$0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_ab\0';
    const piece = fc.oneof(fc.constantFrom(...alphabet), fc.constantFrom(...names));
    const change = fc.record({ at: fc.nat(200), piece, gone: fc.nat(2) });
    let types = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.array(change, { minLength: 1, maxLength: 4 }),
        (start, changes) => {
          let name = start;
          for (const { at, piece: added, gone } of changes) {
            const place = at % (name.length + 1);
            name = name.slice(0, place) + added + name.slice(place + gone);
          }
          const type = undecoratedType(name);
          if (type === name) return;
          types++;
          expect(type.length).toBeLessThanOrEqual(LONGEST);
        },
      ),
      { numRuns: 10_000 },
    );
    expect(types).toBeGreaterThan(100);
  });
});
