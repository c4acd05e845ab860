// Honest clients and liars: node visitor.mjs URL LIE CLIENT... asks from each address, as each of them, and prints [client, what was sent, who the service took it for] as JSON.
import http from "node:http";
import https from "node:https";
import { connect } from "node:net";

const [url, lie, machine, ...clients] = process.argv.slice(2);
const target = new URL(url);
const host = target.hostname.replace(/^\[|\]$/g, "");
const port = Number(target.port || (target.protocol === "https:" ? 443 : 80));

/** Nothing, and nine kinds of lies. */
const KINDS = {
  honest: [],
  "X-Forwarded-For": ["X-Forwarded-For", lie],
  "a list with odd spaces": ["X-Forwarded-For", `${lie} ,   ${lie}`],
  "two lines": ["X-Forwarded-For", lie, "X-Forwarded-For", lie],
  "X-Real-IP": ["X-Real-IP", lie],
  Forwarded: ["Forwarded", `for=${lie}`],
  "CF-Connecting-IP": ["CF-Connecting-IP", lie],
  "all at once": ["X-Forwarded-For", lie, "X-Real-IP", lie, "Forwarded", `for=${lie}`, "CF-Connecting-IP", lie],
  "a machine's address behind it": ["X-Forwarded-For", `${lie}, ${machine}`],
};

let count = 0;
const ask = (localAddress, lines) =>
  new Promise((resolve) => {
    const request = (target.protocol === "https:" ? https : http).request(
      {
        host,
        port,
        // Another one each time: Varnish would answer the second client with the first one's.
        path: `/?${count++}`,
        localAddress,
        agent: false,
        rejectUnauthorized: false,
        headers: ["Host", target.host, "Connection", "close", ...lines],
      },
      (response) => {
        let text = "";
        response.on("data", (chunk) => (text += chunk));
        response.on("end", () => resolve(text));
      },
    );
    request.on("error", (error) => resolve(error.code));
    request.end();
  });

/** The ninth: a PROXY header of the client's own. */
const askWithProxy = (localAddress) =>
  new Promise((resolve) => {
    let text = "";
    const socket = connect({ host, port, localAddress });
    socket.setTimeout(2000, () => socket.destroy());
    socket.on("connect", () =>
      socket.write(
        `PROXY TCP4 ${lie} 192.0.2.254 51234 80\r\nGET /?${count++} HTTP/1.1\r\nHost: ${target.host}\r\nConnection: close\r\n\r\n`,
      ),
    );
    socket.on("data", (chunk) => (text += chunk));
    socket.on("error", () => {});
    socket.on("close", () => resolve(text.slice(text.indexOf("\r\n\r\n") + 4)));
  });

const read = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return { refused: String(text).slice(0, 40) };
  }
};
const rows = [];
for (const client of clients) {
  for (const [kind, lines] of Object.entries(KINDS)) rows.push([client, kind, read(await ask(client, lines))]);
  rows.push([client, "a PROXY header", read(await askWithProxy(client))]);
}
console.log(JSON.stringify(rows));
