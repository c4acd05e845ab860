import { once } from "node:events";
import { createServer as createHttp1Server, type RequestListener } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server, type Http2ServerRequest } from "node:http2";
import { type AddressInfo, connect } from "node:net";
import { onTestFinished } from "vitest";

type Lines = readonly (readonly [name: string, value: string])[];

/** Asks `listener` for `path` with header lines as they are, over a real connection: over HTTP/2 where the lines have `:authority`. The answer is JSON. */
export async function askOnce(listener: RequestListener, path: string, lines: Lines): Promise<unknown> {
  const isHttp2 = lines.some(([name]) => name === ":authority");
  return JSON.parse(isHttp2 ? await askHttp2(listener, path, lines) : await askHttp1(listener, path, lines)) as unknown;
}

async function askHttp1(listener: RequestListener, path: string, lines: Lines): Promise<string> {
  const server = createHttp1Server(listener).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const host = lines.some(([name]) => name === "Host") ? [] : ["Host: 127.0.0.1"];
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const text = [...host, ...lines.map(([name, value]) => `${name}: ${value}`)];
  socket.end([`GET ${path} HTTP/1.1`, "Connection: close", ...text, "", ""].join("\r\n"));
  let answer = "";
  for await (const part of socket.setEncoding("utf8")) answer += String(part);
  return answer.slice(answer.indexOf("\r\n\r\n") + 4);
}

async function askHttp2(listener: RequestListener, path: string, lines: Lines): Promise<string> {
  const server = createHttp2Server(listener as unknown as (request: Http2ServerRequest) => void).listen(0, "127.0.0.1");
  await once(server, "listening");
  const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => {
    session.destroy();
    server.close();
  });
  const stream = session.request({ ":path": path, ...Object.fromEntries(lines) }).setEncoding("utf8");
  let answer = "";
  for await (const part of stream) answer += String(part);
  return answer;
}
