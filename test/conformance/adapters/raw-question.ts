import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import type { View } from "./adapter.ts";
import type { Site } from "./site.ts";
import { TLS_IDENTITY } from "./tls-identity.ts";

/** What came back: the view, or the status of an answer that is none. */
export type RawAnswer = View | number;

/** A request as bytes, which no client of Node's would send; `lines` stand behind Host and Connection. */
export async function askRaw({ at }: Pick<Site, "at">, lines: readonly string[], tls = false): Promise<RawAnswer> {
  const port = at.port ?? 0;
  const socket = tls
    ? connectTls({
        port,
        host: "127.0.0.1",
        ca: TLS_IDENTITY.cert,
        servername: "localhost",
        ALPNProtocols: ["http/1.1"],
      })
    : connect(port, "127.0.0.1");
  const head = ["GET / HTTP/1.1", "Host: app.example:8080", "Connection: close", ...lines];
  socket.write(Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "latin1"));
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]);
  if (status !== 200) return status;
  return JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1)) as View;
}
