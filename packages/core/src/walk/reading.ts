/** What a machine said next. With `CLAIM` the address is in the walk's `found`. */
export const CLAIM = 0;
/** It said nothing more: a list that was read to its end. */
export const SILENT = 1;
/** It never said it: there is no such header, or nothing stands in it. */
export const ABSENT = 2;
/** It says something about every connection, and this connection has nothing of it. */
export const LOST = 3;
/** It says a header, and there is no request yet. */
export const UNASKED = 4;
export const MALFORMED = 5;
export const ANONYMOUS = 6;
export const CONFLICT = 7;
export const SELF = 8;
export const TOO_MANY = 9;
/** It says a header, and node:http left out lines of this request: the header, or a part of it, may be among them. */
export const CUT = 10;
/** It says that the machine behind it is at the other end of a Unix socket. */
export const UNIX_HOP = 11;
export type Reading =
  | typeof CLAIM
  | typeof SILENT
  | typeof ABSENT
  | typeof LOST
  | typeof UNASKED
  | typeof MALFORMED
  | typeof ANONYMOUS
  | typeof CONFLICT
  | typeof SELF
  | typeof TOO_MANY
  | typeof CUT
  | typeof UNIX_HOP;
