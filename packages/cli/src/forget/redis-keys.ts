import { connect } from "node:net";

/** How long Redis may take over a command, in milliseconds. */
const TIMEOUT_MS = 5000;

/** Removes the keys that a SharedLoginGuard keeps under a user's name, or an address's: those are all that name them. Answers how many there were. Rejects where Redis does not answer. */
export function removeKeys(url: URL, keys: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port || 6379) });
    const password = decodeURIComponent(url.password);
    const user = decodeURIComponent(url.username);
    const database = url.pathname.slice(1);
    const commands = [
      ...(password === "" ? [] : [user === "" ? ["AUTH", password] : ["AUTH", user, password]]),
      ...(database === "" ? [] : [["SELECT", database]]),
      ...keys.map((key) => ["DEL", key]),
    ];
    let answer = "";
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`nothing within ${TIMEOUT_MS} ms`)));
    socket.on("error", reject);
    socket.on("connect", () => socket.write(commands.map(encode).join("")));
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
      const lines = answer.split("\r\n").slice(0, -1);
      const refused = lines.find((line) => line.startsWith("-"));
      if (refused !== undefined) socket.destroy(new Error(refused.slice(1)));
      else if (lines.length >= commands.length) {
        socket.end();
        resolve(lines.reduce((sum, line) => sum + (line.startsWith(":") ? Number(line.slice(1)) : 0), 0));
      }
    });
  });
}

/** RESP: an array of bulk strings. */
function encode(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;
}
