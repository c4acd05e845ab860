// Clients, each with an address of its own: for every job, a line of JSON, a line with what each was told.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { request } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";

/** Simple Proxy Protocol begins with these two bytes, and its header has this length. */
const [SPP, SPP_BYTES] = [0x56ec, 38];

async function readAll(stream) {
  let text = "";
  for await (const part of stream.setEncoding("utf8")) text += part;
  return JSON.parse(text);
}

/** Ways to ask, over a connection that is open. `preface` is hex in front of everything else. */
const ASKING = {
  net: (socket, { preface = "" }) => {
    socket.write(Buffer.concat([Buffer.from(preface, "hex"), Buffer.from("x\n")]));
    return readAll(socket);
  },
  http: async (socket, { headers }) => {
    const asked = request({ createConnection: () => socket, headers: { connection: "close", ...headers } });
    asked.end();
    const [response] = await once(asked, "response");
    return readAll(response);
  },
  http2: async (socket, { headers: { host, ...headers } }) => {
    const session = connectHttp2(`http://${host}`, { createConnection: () => socket });
    session.on("error", () => {});
    const said = await readAll(session.request({ ":path": "/", ...headers }));
    session.close();
    return said;
  },
  ws: async (socket, { headers }) => {
    const webSocket = new WebSocket(`ws://${headers.host}/`, { createConnection: () => socket, headers });
    await once(webSocket, "open");
    webSocket.send("who?");
    const [message] = await once(webSocket, "message");
    webSocket.close();
    return JSON.parse(String(message));
  },
};

const { firstPort } = JSON.parse(process.argv[2]);
const nextPorts = new Map();

/**
 * A port that no connection of this address had before. One that had, to another front, may have been sent to the same Pod, and the node still knows it: it would give the new one
 * another port, as it must, and nobody could tell whose it was.
 */
function freshPort(address) {
  const port = nextPorts.get(address) ?? firstPort;
  nextPorts.set(address, port + 1);
  return port;
}

async function visitOverTcp(
  address,
  { client, host, port, timeoutMs = 10_000, localPort = freshPort(address), ...job },
) {
  const socket = connect({ host, port, localAddress: address, localPort });
  const deadline = setTimeout(() => socket.destroy(new Error("no answer")), timeoutMs);
  const failure = new Promise((_, reject) => {
    socket.once("error", reject);
  });
  failure.catch(() => {});
  try {
    await Promise.race([once(socket, "connect"), failure]);
    const own = { address, port: socket.localPort };
    const answer = ASKING[client](socket, { headers: {}, ...job });
    answer.catch(() => {});
    return { own, said: await Promise.race([answer, failure]) };
  } finally {
    clearTimeout(deadline);
    socket.destroy();
  }
}

/** Sends until it is answered, as every user of datagrams must. */
async function visitOverUdp(
  address,
  { host, port, localPort = freshPort(address), preface = "", tries = 20, waitMs = 250 },
) {
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  socket.bind(localPort, address);
  await once(socket, "listening");
  const own = { address, port: socket.address().port };
  const payload = Buffer.concat([Buffer.from(preface, "hex"), Buffer.from("x\n")]);
  try {
    for (let attempt = 0; attempt < tries; attempt++) {
      socket.send(payload, port, host);
      const answer = once(socket, "message", { signal: AbortSignal.timeout(waitMs) });
      const [reply] = await answer.catch(() => []);
      if (reply === undefined) continue;
      const isWrapped = reply.length > SPP_BYTES && reply.readUInt16BE(0) === SPP;
      return { own, said: JSON.parse(String(isWrapped ? reply.subarray(SPP_BYTES) : reply)) };
    }
    throw new Error("no answer");
  } finally {
    socket.close();
  }
}

async function visit(address, job) {
  try {
    return await (job.client === "udp" ? visitOverUdp : visitOverTcp)(address, job);
  } catch (error) {
    return { own: { address }, failed: error.message };
  }
}

/** Visitors at once: few, so that the two or three machines' worth of servers behind are not what is tested. */
const CONCURRENCY = 20;

for await (const text of createInterface({ input: process.stdin })) {
  const { addresses, ...job } = JSON.parse(text);
  const visits = [];
  for (let from = 0; from < addresses.length; from += CONCURRENCY) {
    const batch = addresses.slice(from, from + CONCURRENCY);
    visits.push(...(await Promise.all(batch.map((address) => visit(address, job)))));
  }
  process.stdout.write(`${JSON.stringify(visits)}\n`);
}
process.exit(0);
