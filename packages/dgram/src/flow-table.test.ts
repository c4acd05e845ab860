import { describe, expect, test } from "vitest";
import { FlowTable } from "./flow-table.ts";

const IDLE_MS = 1000;

/** A table with room for 9 established flows and 3 young ones. */
const table = (): FlowTable<string> => new FlowTable<string>(12, IDLE_MS);

describe("a flow", () => {
  test("is known until it was silent for longer than the limit, counted from its last datagram", () => {
    const flows = table();
    flows.keep("a", "client", 0);
    expect(flows.find("a", 1000)?.value).toBe("client");
    expect(flows.find("a", 2000)?.value).toBe("client");
    expect(flows.find("a", 3001)).toBeUndefined();
    expect(flows.find("a", 3001)).toBeUndefined();
  });

  test("tells when it was told", () => {
    const flows = table();
    flows.keep("a", "client", 10);
    flows.find("a", 500);
    expect(flows.find("a", 900)).toEqual({ value: "client", told: 10, seen: 900 });
  });

  test("that is told again has the new client, whether it was established or not", () => {
    const flows = table();
    flows.keep("a", "first", 0);
    flows.keep("a", "second", 1);
    expect(flows.find("a", 2)?.value).toBe("second");
    flows.keep("a", "third", 3);
    expect(flows.find("a", 4)).toEqual({ value: "third", told: 3, seen: 4 });
    expect(flows.status).toEqual({ flows: 1, evictions: 0 });
  });

  test("that is told again after too long a silence begins anew", () => {
    const flows = table();
    flows.keep("a", "first", 0);
    flows.find("a", 1);
    flows.keep("a", "second", 5000);
    expect(flows.find("a", 5001)?.value).toBe("second");
    expect(flows.status.flows).toBe(1);
  });
});

describe("the table under a spray of source ports", () => {
  test("never holds more than its limit, and counts what it forgot", () => {
    const flows = table();
    for (let port = 0; port < 10_000; port++) flows.keep(`spray ${port}`, "nobody", port / 100);
    expect(flows.status).toEqual({ flows: 3, evictions: 9997 });
  });

  test("keeps every established flow", () => {
    const flows = table();
    for (let index = 0; index < 9; index++) {
      flows.keep(`own ${index}`, "client", 0);
      flows.find(`own ${index}`, 1);
    }
    for (let port = 0; port < 10_000; port++) {
      flows.keep(`spray ${port}`, "nobody", 2);
      flows.find(`spray ${port}`, 2);
    }
    for (let index = 0; index < 9; index++) expect(flows.find(`own ${index}`, 3)?.value).toBe("client");
    expect(flows.status.flows).toBe(12);
  });

  test("gives newcomers the places of those that fell silent", () => {
    const flows = table();
    for (let index = 0; index < 9; index++) {
      flows.keep(`own ${index}`, "client", 0);
      flows.find(`own ${index}`, 1);
    }
    flows.keep("newcomer", "client", 5000);
    flows.find("newcomer", 5001);
    for (let port = 0; port < 100; port++) flows.keep(`spray ${port}`, "nobody", 5002);
    expect(flows.find("newcomer", 5003)?.value).toBe("client");
  });

  test("counts no eviction of a flow that was silent for too long anyway", () => {
    const flows = table();
    for (let port = 0; port < 3; port++) flows.keep(`old ${port}`, "nobody", 0);
    flows.keep("new", "client", 5000);
    expect(flows.status).toEqual({ flows: 3, evictions: 0 });
  });
});
