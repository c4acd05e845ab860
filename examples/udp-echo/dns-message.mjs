// As much of DNS (RFC 1035, 4) as it takes to answer one question with a text.

const HEAD_BYTES = 12;
const NAME_LIMIT_BYTES = 255;
const TXT = 16;
const IN = 1;
/** QR and AA; of the question's flags RD is given back. */
const ANSWER = 0x8400;
const RECURSION_DESIRED = 0x0100;
/** Everything but AA, TC, RD, RA and the rest that a question may set: QR and the opcode must be 0. */
const MUST_BE_ZERO = 0xf800;
/** A name that stands at the beginning of the question. */
const POINTER_TO_QUESTION = 0xc000 | HEAD_BYTES;

/**
 * The answer to a question for TXT: these texts of at most 255 ASCII characters each. To other questions an answer without records; undefined for what is
 * no question, which is not to be answered.
 */
export function answerTo(query, texts) {
  const end = endOfQuestion(query);
  if (end === undefined) return undefined;
  const isText = query.readUInt16BE(end - 4) === TXT && query.readUInt16BE(end - 2) === IN;
  const head = Buffer.alloc(HEAD_BYTES);
  query.copy(head, 0, 0, 2);
  head.writeUInt16BE(ANSWER | (query.readUInt16BE(2) & RECURSION_DESIRED), 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(isText ? 1 : 0, 6);
  const question = query.subarray(HEAD_BYTES, end);
  return Buffer.concat(isText ? [head, question, textRecord(texts)] : [head, question]);
}

/** Where the one question ends, which is all that is read of a query. */
function endOfQuestion(query) {
  if (query.length < HEAD_BYTES || (query.readUInt16BE(2) & MUST_BE_ZERO) !== 0 || query.readUInt16BE(4) !== 1) {
    return undefined;
  }
  for (let at = HEAD_BYTES; at < query.length && at - HEAD_BYTES < NAME_LIMIT_BYTES;) {
    const label = query[at];
    if (label === 0) return at + 5 <= query.length ? at + 5 : undefined;
    if (label > 63) return undefined;
    at += 1 + label;
  }
  return undefined;
}

function textRecord(texts) {
  const data = Buffer.concat(texts.map((text) => Buffer.concat([Buffer.of(text.length), Buffer.from(text, "latin1")])));
  const head = Buffer.alloc(12);
  head.writeUInt16BE(POINTER_TO_QUESTION, 0);
  head.writeUInt16BE(TXT, 2);
  head.writeUInt16BE(IN, 4);
  // Not to be kept by anybody: the next one who asks is somebody else.
  head.writeUInt32BE(0, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}
