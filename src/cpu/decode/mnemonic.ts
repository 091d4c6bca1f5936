import type { ONE_BYTE } from './tables/one-byte.ts';
import type { SSE } from './tables/sse.ts';
import type { MAP_0F3A, MAP_0F38 } from './tables/three-byte.ts';
import type { TWO_BYTE } from './tables/two-byte.ts';
import type { VEX_0F3A, VEX_0F38 } from './tables/vex.ts';
import type { X87 } from './tables/x87.ts';

type Rows<Table> = Table[keyof Table];
type Row =
  | Rows<typeof ONE_BYTE>
  | Rows<typeof X87>
  | Rows<typeof TWO_BYTE>
  | Rows<typeof SSE>
  | Rows<typeof MAP_0F38>
  | Rows<typeof MAP_0F3A>
  | Rows<typeof VEX_0F38>
  | Rows<typeof VEX_0F3A>;

type Names<Text> = Text extends `${infer First} ${string}` ? First : Text;
type Split<Text, At extends string> = Text extends `${infer First}${At}${infer Rest}`
  ? First | Split<Rest, At>
  : Text;

/** Every name the tables give an instruction. */
export type Mnemonic = Split<Split<Names<Row>, '|'>, '/'>;
