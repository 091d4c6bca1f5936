import { operandAt, popRegister, push, pushRegister, sizeOf } from '../region/operands.ts';
import { OP } from '../wasm/opcodes.ts';
import { entry, type Family } from './entry.ts';

/** crc32: one to eight bytes into the CRC32-C in the low half of the target. */
export const CRC32: Family = {
  crc32: entry('rw,r', (e, i) => {
    const { code } = e;
    const [target, source] = [operandAt(i, 0), operandAt(i, 1)];
    if (target.kind !== 'reg') throw new Error('crc32 into memory');
    const size = sizeOf(source);
    push(e, source, size);
    if (size < 8) code.op(OP.i64_extend_i32_u);
    pushRegister(e, { ...target, size: 4 });
    code.i32(size * 8);
    e.call('crc32');
    popRegister(e, { ...target, size: 4 });
  }),
};
