import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { FLAGS, Peer } from "../bed/peer.ts";
import { type Said, ToaSite } from "../bed/toa-site.ts";
import { describeSuite } from "../requirement.ts";

/** An option of kind 254 that names 203.0.113.`last`, port 50182. */
const option = (last: number): string => `fe08c406cb0071${last.toString(16).padStart(2, "0")}`;
const clientOf = (last: number): object => ({ address: `203.0.113.${last}`, port: 50182 });
const TRUE = 7;
const LATER = 8;
const FORGED = 66;

/** The client, or why there is none. */
const summaryOf = ({ client, stop, hops }: Said): unknown => client ?? hops.at(1)?.reason ?? stop;

/** What is wrong with a forged segment. */
const REFUSED: readonly {
  readonly title: string;
  readonly sequence?: number;
  readonly acknowledgement?: number;
  readonly checksum?: "bad";
}[] = [
  { title: "a sequence number of one more", sequence: 1 },
  { title: "a sequence number before the first data's", sequence: -8 },
  // Not by one: a cookie's neighbours are cookies of another segment size (net/ipv4/syncookies.c), and begin a connection of their own.
  { title: "an acknowledgement of some more", acknowledgement: 8 },
  { title: "an acknowledgement of some less", acknowledgement: -8 },
  { title: "numbers that are nobody's", sequence: 123_456_789, acknowledgement: 987_654_321 },
  { title: "a wrong checksum", checksum: "bad" },
];

/** Somebody who knows the balancer's address and ports, and chooses every number. */
describeSuite("toa", () => {
  const site = new ToaSite();
  let peer: Peer;
  beforeAll(async () => {
    peer = await Peer.start(site.bed.balancer);
  });
  afterAll(() => peer?.stop());

  const tap = (product: unknown = "lvs", more: object = {}) =>
    site.serve({ ...more, host: "0.0.0.0", toa: { product, reader: "tap" } });

  function setCookies(mode: 0 | 2): void {
    site.bed.server.run(`sysctl -qw net.ipv4.tcp_syncookies=${mode}`);
    onTestFinished(() => void site.bed.server.run("sysctl -qw net.ipv4.tcp_syncookies=1"));
  }

  describe.each([0, 2] as const)("with cookies %i", (cookies) => {
    test("an option on a segment that TCP would not take is not believed, and the true one is", async () => {
      setCookies(cookies);
      await tap("dpvs");
      let port = 40_000;
      for (const { title, sequence = 0, acknowledgement = 0, checksum = "good" } of REFUSED) {
        for (const stamped of [false, true]) {
          const isn = 4_294_967_290;
          const ours = await peer.begin(++port, isn);
          const numbers = { port, sequence: isn + 1 + sequence, acknowledgement: ours + 1 + acknowledgement };
          const forge = (): void => {
            peer.send({ ...numbers, flags: FLAGS.ack, options: option(FORGED), checksum });
            peer.send({ ...numbers, flags: FLAGS.pushAck, options: option(FORGED), payload: "58580a", checksum });
          };
          forge();
          peer.complete(port, isn, ours, stamped ? option(TRUE) : undefined);
          forge();
          const { client } = await peer.ask(port, isn, ours);
          expect([title, client]).toEqual([title, stamped ? clientOf(TRUE) : undefined]);
        }
      }
    });

    test("ends that come again a hundred times never have an earlier connection's option", async () => {
      setCookies(cookies);
      await tap("dpvs");
      for (let round = 0; round < 100; round++) {
        const isn = 1_000_000 * round;
        const ours = await peer.begin(41_000, isn);
        const own = round % 3 === 0 ? undefined : option(round);
        // What stood on the connection before, come late.
        if (round > 0) peer.complete(41_000, isn - 1_000_000, ours, option(FORGED));
        if (round % 3 !== 2) peer.complete(41_000, isn, ours, own);
        const said = await peer.ask(41_000, isn, ours, round % 3 === 2 ? own : undefined);
        expect(summaryOf(said)).toEqual(own === undefined ? "carrier-absent" : clientOf(round));
      }
    });

    test("a SYN that was sent twice counts as one, though its timestamps differ", async () => {
      setCookies(cookies);
      await tap();
      const stamped = (time: string): string => `${option(TRUE)}0101080a0000000${time}00000000`;
      peer.send({ port: 42_000, flags: FLAGS.syn, sequence: 5, options: stamped("1") });
      const ours = await peer.begin(42_000, 5, stamped("2"));
      peer.complete(42_000, 5, ours);
      expect((await peer.ask(42_000, 5, ours)).client).toEqual(clientOf(TRUE));
    });
  });

  describe("a forged SYN before the balancer's own", () => {
    test("changes nothing where the kernel keeps the SYN of each connection", async () => {
      setCookies(0);
      await tap();
      const forged = await peer.begin(43_000, 77, option(FORGED));
      // The balancer's machine resets what it did not begin.
      peer.send({ port: 43_000, flags: FLAGS.rst, sequence: 78, acknowledgement: forged + 1 });
      const ours = await peer.begin(43_000, 9000, option(TRUE));
      peer.complete(43_000, 9000, ours);
      expect((await peer.ask(43_000, 9000, ours)).client).toEqual(clientOf(TRUE));
    });

    test("leaves the client unknown under SYN cookies, with the reason", async () => {
      setCookies(2);
      await tap();
      await peer.begin(43_001, 77, option(FORGED));
      const ours = await peer.begin(43_001, 9000, option(TRUE));
      peer.complete(43_001, 9000, ours, option(TRUE));
      expect(summaryOf(await peer.ask(43_001, 9000, ours))).toBe("ambiguous-handshake");
    });
  });

  test("under SYN cookies a late answer to the first of two handshakes never gets the second's option", async () => {
    setCookies(2);
    await tap();
    const first = await peer.begin(44_000, 100, option(TRUE));
    const second = await peer.begin(44_000, 50_000, option(FORGED));
    peer.complete(44_000, 100, first);
    peer.complete(44_000, 50_000, second, option(FORGED));
    expect(summaryOf(await peer.ask(44_000, 100, first))).toBe("ambiguous-handshake");
  });

  describe("a product that writes into the handshake's last packet alone", () => {
    test("is read on the first data where the bare ACK was lost", async () => {
      await tap("huawei-elb");
      const ours = await peer.begin(45_000, 1);
      expect((await peer.ask(45_000, 1, ours, option(TRUE))).client).toEqual(clientOf(TRUE));
    });

    test("is not read on the first data behind a bare ACK: that option is another's", async () => {
      await tap("huawei-elb");
      const ours = await peer.begin(45_001, 1);
      peer.complete(45_001, 1, ours);
      expect(summaryOf(await peer.ask(45_001, 1, ours, option(FORGED)))).toBe("carrier-absent");
    });
  });

  describe("more packets than the tap has room for", () => {
    const FLOOD = {
      port: 50_000,
      flags: FLAGS.ack,
      sequence: 1,
      acknowledgement: 1,
      options: option(FORGED),
      count: 9000,
    };

    test("are counted; under SYN cookies the client is unknown with the reason, and the next one is known", async () => {
      setCookies(2);
      await tap("dpvs", { tellsLost: true });
      const early = await peer.begin(46_000, 1);
      peer.send(FLOOD);
      peer.complete(46_000, 1, early, option(TRUE));
      const said = await peer.ask(46_000, 1, early);
      expect(summaryOf(said)).toBe("packets-lost");
      expect(said.lost).toBeGreaterThan(0);
      const ours = await peer.begin(46_001, 1);
      peer.complete(46_001, 1, ours, option(TRUE));
      expect((await peer.ask(46_001, 1, ours)).client).toEqual(clientOf(TRUE));
    });

    test.each([0, 2] as const)(
      "before a handshake is read: its kept SYN tells that it is the connection's, or the client is unknown (cookies %i)",
      async (cookies) => {
        setCookies(cookies);
        const { server } = await tap("dpvs", { tellsLost: true });
        // The kernel goes on, and the server reads nothing.
        process.kill(server.pid!, "SIGSTOP");
        const ours = await peer.begin(47_001, 1);
        peer.complete(47_001, 1, ours, option(LATER));
        peer.send(FLOOD);
        // What is answered was sent behind the flood.
        await peer.begin(47_000, 1);
        process.kill(server.pid!, "SIGCONT");
        const said = await peer.ask(47_001, 1, ours);
        expect(said.lost).toBeGreaterThan(0);
        expect(summaryOf(said)).toEqual(cookies === 0 ? clientOf(LATER) : "packets-lost");
      },
    );
  });
});
