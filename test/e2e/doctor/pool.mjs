// A reverse proxy with one upstream connection for all clients: node pool.mjs LISTEN FROM SERVICE PORT. A PROXY header on it names the client that came first.
import { Agent, createServer, request } from "node:http";
import { connect } from "node:net";

const [listen, localAddress, host, port] = process.argv.slice(2);
let first;

class Upstream extends Agent {
  createConnection() {
    const socket = connect({ host, port: Number(port), localAddress });
    socket.write(`PROXY TCP4 ${first.remoteAddress} ${listen} ${first.remotePort} 80\r\n`);
    return socket;
  }
}
const agent = new Upstream({ keepAlive: true, maxSockets: 1 });

createServer((incoming, outgoing) => {
  first = incoming.socket;
  const { method, url, headers } = incoming;
  const { connection: _, ...rest } = headers;
  const upstream = request({ agent, host, port, method, path: url, headers: rest }, (answer) => {
    outgoing.writeHead(answer.statusCode, answer.headers);
    answer.pipe(outgoing);
  });
  upstream.on("error", () => outgoing.writeHead(502).end());
  upstream.end();
}).listen(80, listen);
