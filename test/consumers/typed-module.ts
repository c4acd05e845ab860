import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../scripts/workspace.mjs";

/** A program that names something of every package but the adapters, for TypeScript as a consumer has it. It is checked, and never run. */
export const TYPED_MODULE = `
import { createServer } from "node:http";
import * as audit from "@wherefrom/audit";
import { type Geo, openGeo } from "@wherefrom/audit/geo";
import { compilePolicy, type Policy, type Resolution, type Stop, WherefromError } from "@wherefrom/core";
import { cloudflare } from "@wherefrom/core/presets";
import { parseToaOptions, type ToaReading } from "@wherefrom/core/wire";
import { createSocket, getClientIp as clientOfDatagram } from "@wherefrom/dgram";
import { loadNative, type NativeStatus } from "@wherefrom/native";
import { getClient, getClientIp, nativeStatus, toaStatus, wherefrom } from "@wherefrom/net";

export const policy: Policy = compilePolicy({ trust: ["10.0.0.0/8"], from: "x-forwarded-for" });
export const preset: unknown = cloudflare;
export const read: (...parameters: Parameters<typeof parseToaOptions>) => ToaReading = parseToaOptions;
export const server = wherefrom(createServer(), policy, { toa: "lvs" });
server.on("connection", (socket) => {
  const resolution: Resolution = getClient(socket);
  const stop: Stop = resolution.stop;
  const ip: string | undefined = getClientIp(socket);
  console.log(ip?.length, stop, toaStatus(server)?.reader);
});
createSocket({ type: "udp4", udp: "dpvs" }, policy).on("message", (message, rinfo) => {
  const ip: string | undefined = clientOfDatagram(rinfo);
  console.log(message.length, ip);
});
export const status: NativeStatus = nativeStatus();
export const length: number | undefined = loadNative()?.sockets.toaLookup(0);
export const format: unknown = audit.formatEcs;
export const located = async (geo: Promise<Geo> = openGeo()): Promise<string | undefined> => (await geo).locate("192.0.2.1")?.country;
export const isOurs: (error: unknown) => boolean = (error) => WherefromError.is(error);
`;

/** The first example of an adapter's README, which is what its users copy. In an async function, because a CommonJS module may not await at its top. */
export function readmeExample(directory: string): string {
  const text = /^```ts\n(.*?)^```$/ms.exec(readFileSync(join(ROOT, directory, "README.md"), "utf8"))?.[1];
  if (text === undefined) throw new Error(`${directory}/README.md has no block of \`\`\`ts`);
  const lines = text.split("\n");
  const isImport = (line: string): boolean => line.startsWith("import ");
  const [imports, body] = [lines.filter(isImport), lines.filter((line) => !isImport(line))];
  return [...imports, "export async function example(): Promise<void> {", ...body, "}"].join("\n");
}
