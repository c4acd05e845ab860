/** Bytes of a DNS header (RFC 1035, 4.1.1). */
const HEADER_BYTES = 12;

/** A question of type A, class IN, with this identifier and recursion desired. */
export function questionFor(name: string, id: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(0x0100, 2);
  header.writeUInt16BE(1, 4);
  const labels = name.split(".").flatMap((label) => [Buffer.from([label.length]), Buffer.from(label, "latin1")]);
  return Buffer.concat([header, ...labels, Buffer.from("0000010001", "hex")]);
}

/** The first name of a question, without its last dot. */
export function nameIn(message: Buffer): string {
  const labels: string[] = [];
  for (let at = HEADER_BYTES; (message[at] ?? 0) > 0; at += (message[at] ?? 0) + 1)
    labels.push(message.toString("latin1", at + 1, at + 1 + (message[at] ?? 0)));
  return labels.join(".");
}

/** The question with the address 192.0.2.1 as its answer; what stands behind the question (EDNS) is left out. */
export function answerTo(question: Buffer): Buffer {
  let end = HEADER_BYTES;
  while ((question[end] ?? 0) > 0) end += (question[end] ?? 0) + 1;
  const asked = Buffer.from(question.subarray(0, end + 5));
  asked.writeUInt16BE(0x8180, 2);
  asked.writeUInt16BE(1, 6);
  asked.writeUInt32BE(0, 8);
  return Buffer.concat([asked, Buffer.from("c00c00010001000000000004c0000201", "hex")]);
}

/** The message as TCP carries it: behind its length (RFC 1035, 4.2.2). */
export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

/** Takes whole messages off a stream's bytes, and answers them with what is left. */
export function unframed(bytes: Buffer): { readonly messages: readonly Buffer[]; readonly rest: Buffer } {
  const messages: Buffer[] = [];
  let rest = bytes;
  while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
    const end = 2 + rest.readUInt16BE(0);
    messages.push(rest.subarray(2, end));
    rest = rest.subarray(end);
  }
  return { messages, rest };
}
