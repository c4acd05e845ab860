import { channel, subscribe as subscribeTo, unsubscribe } from "node:diagnostics_channel";
import { EventEmitter } from "node:events";
import { createServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { subscribe, whileHeard } from "./event.ts";
import { auditConnections } from "../hooks/connection.ts";
import { auditDatagrams, type DatagramSource } from "../hooks/datagram.ts";
import { auditHttp } from "../hooks/http.ts";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

const finished = channel("http.server.response.finish");
const ignore = (): void => {};

describe("while nobody listens to the events", () => {
  test("node:http has no subscriber of ours", () => {
    ends.push(auditHttp());
    expect(finished.hasSubscribers).toBe(false);
    const end = subscribe("client.resolved", ignore);
    expect(finished.hasSubscribers).toBe(true);
    end();
    expect(finished.hasSubscribers).toBe(false);
  });

  test("a server and a socket have no listener of ours", () => {
    const server = createServer();
    const socket = Object.assign(new EventEmitter(), { address: () => ({ address: "127.0.0.1", port: 1 }) });
    ends.push(auditConnections(server), auditDatagrams(socket as DatagramSource));
    const counts = (): number[] => [server.listenerCount("connection"), socket.listenerCount("message")];
    expect(counts()).toEqual([0, 0]);
    const end = subscribe("client.rejected", ignore);
    expect(counts()).toEqual([1, 1]);
    end();
    expect(counts()).toEqual([0, 0]);
  });

  test("a subscriber by node:diagnostics_channel alone is somebody", () => {
    ends.push(auditHttp());
    subscribeTo("wherefrom:client.rejected", ignore);
    expect(finished.hasSubscribers).toBe(true);
    expect(unsubscribe("wherefrom:client.rejected", ignore)).toBe(true);
    expect(finished.hasSubscribers).toBe(false);
  });
});

test("begins once for many listeners, ends with the last one, and begins again", () => {
  const calls: string[] = [];
  const endWatch = whileHeard(["client.resolved", "client.rejected"], () => {
    calls.push("begin");
    return () => calls.push("end");
  });
  const first = subscribe(["client.resolved", "client.rejected"], ignore);
  const second = subscribe("client.resolved", ignore);
  first();
  expect(calls).toEqual(["begin"]);
  second();
  expect(calls).toEqual(["begin", "end"]);
  ends.push(subscribe("client.rejected", ignore));
  expect(calls).toEqual(["begin", "end", "begin"]);
  endWatch();
  expect(calls).toEqual(["begin", "end", "begin", "end"]);
});

test("who comes when somebody listens already begins at once; events of other names begin nothing", () => {
  const calls: string[] = [];
  const begin = (): (() => void) => {
    calls.push("begin");
    return ignore;
  };
  ends.push(subscribe("login.anomaly", ignore));
  ends.push(whileHeard(["client.resolved"], begin));
  expect(calls).toEqual([]);
  ends.push(whileHeard(["login.anomaly"], begin));
  expect(calls).toEqual(["begin"]);
});
