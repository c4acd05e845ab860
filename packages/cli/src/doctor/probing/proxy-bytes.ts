/** The signature of PROXY v2. */
const SIGNATURE = Buffer.from("0d0a0d0a000d0a515549540a", "hex");
const [SOURCE_PORT, PORT] = [51_234, 80];
const DESTINATION = "192.0.2.254";

/** A PROXY header of version 1 that names an IPv4 client. */
export function proxyV1(address: string): Buffer {
  return Buffer.from(`PROXY TCP4 ${address} ${DESTINATION} ${SOURCE_PORT} ${PORT}\r\n`, "latin1");
}

/** The same of version 2. */
export function proxyV2(address: string): Buffer {
  const head = Buffer.from([0x21, 0x11, 0x00, 0x0c]);
  const addresses = [address, DESTINATION].flatMap((text) => text.split(".").map(Number));
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(SOURCE_PORT, 0);
  ports.writeUInt16BE(PORT, 2);
  return Buffer.concat([SIGNATURE, head, Buffer.from(addresses), ports]);
}
