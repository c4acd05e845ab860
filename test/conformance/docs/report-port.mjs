// Preloaded into a program of the docs: says on standard output where its servers listen.
import { Socket as UdpSocket } from "node:dgram";
import { Server } from "node:net";

function report(kind, emitter) {
  emitter.once("listening", () => process.stdout.write(`LISTENING ${kind} ${JSON.stringify(emitter.address())}\n`));
}

/** Reports each object whose method is called. */
function watch(prototype, method, kind) {
  const before = prototype[method];
  prototype[method] = function (...args) {
    report(kind, this);
    return before.apply(this, args);
  };
}

watch(Server.prototype, "listen", "tcp");
watch(UdpSocket.prototype, "bind", "udp");
