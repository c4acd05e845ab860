import { auditTo, clickHouse } from "@wherefrom/audit";
import { createClient } from "@clickhouse/client";
import { expect, onTestFinished, test } from "vitest";
import { startClickHouse } from "../clickhouse-server.ts";
import { describeSuite } from "../requirement.ts";
import { expectVisit, VISIT_LINES } from "./expectation.ts";
import { startReceiver } from "./receiver.ts";
import { startServices } from "./services.ts";

describeSuite("audit", () => {
  test("ClickHouse's client: every event is a row of an INSERT in JSONEachRow (the server here is none: it keeps what it is sent)", async () => {
    const { origin, received } = await startReceiver(() => [200, ""]);
    const client = createClient({ url: origin });
    onTestFinished(() => client.close());
    const sink = clickHouse(client);
    onTestFinished(auditTo(sink));
    const { visit } = await startServices();
    await visit();
    await expect.poll(() => sink.status.written).toBe(VISIT_LINES);
    await sink.close();
    const queries = new Set(received.map(({ method, url }) => `${method} ${url.searchParams.get("query")?.trim()}`));
    expect(queries).toEqual(new Set(["POST INSERT INTO wherefrom_audit FORMAT JSONEachRow"]));
    const rows = received.flatMap(({ body }) => body.trimEnd().split("\n")).map((line) => JSON.parse(line) as Row);
    expectVisit(rows.map(({ record }) => record));
    expect(proxiedRow(rows)).toMatchObject({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/) as string,
      client: "203.0.113.7",
      peer: "127.0.0.1",
      client_port: 50000,
      transport: "tcp",
    });
  });

  test("ClickHouse 18.16: every event is a row of a table, with its time to the second in UTC, whatever the server's zone", async () => {
    const { client, stop } = await startClickHouse("Asia/Tokyo");
    onTestFinished(stop);
    const sink = clickHouse(client, { onTrouble: () => {} });
    onTestFinished(auditTo(sink));
    const { visit } = await startServices();
    await visit();
    await expect.poll(() => sink.status).toMatchObject({ written: VISIT_LINES, lost: 0, trouble: undefined });
    await sink.close();
    const query = "SELECT *, toUInt32(time) AS seconds FROM wherefrom_audit";
    const rows = await (await client.query({ query, format: "JSONEachRow" })).json<Row & { seconds: number }>();
    expectVisit(rows.map(({ record }) => record));
    expect(proxiedRow(rows)).toMatchObject({
      event: "client.resolved",
      outcome: "success",
      client: "203.0.113.7",
      peer: "127.0.0.1",
      client_port: 50000,
      transport: "tcp",
      country: "",
      asn: 0,
    });
    const written = rows.map(({ record }) => (JSON.parse(record) as { "@timestamp": string })["@timestamp"]);
    expect(rows.map(({ seconds }) => seconds)).toEqual(written.map((time) => Math.floor(Date.parse(time) / 1000)));
  });

  test("ClickHouse 18.16: a table that is not there yet is told, and the rows wait for it", async () => {
    const { client, stop } = await startClickHouse();
    onTestFinished(stop);
    const sink = clickHouse(client, { table: "later", retryMs: 20, onTrouble: () => {} });
    onTestFinished(auditTo(sink));
    const { visit } = await startServices();
    await visit();
    await expect.poll(() => sink.status.trouble).toMatch(/Table default\.later doesn't exist/);
    await client.command({ query: "CREATE TABLE later AS wherefrom_audit" });
    await expect.poll(() => sink.status).toMatchObject({ written: VISIT_LINES, lost: 0, trouble: undefined });
    await sink.close();
    const counted = await client.query({ query: "SELECT count() AS rows FROM later", format: "JSONEachRow" });
    expect(await counted.json()).toEqual([{ rows: String(VISIT_LINES) }]);
  });

  test("ClickHouse's client: a server that refuses is told, and the rows wait", async () => {
    let isRefusing = true;
    const { origin } = await startReceiver(() => (isRefusing ? [500, "Code: 60. Unknown table"] : [200, ""]));
    const client = createClient({ url: origin });
    onTestFinished(() => client.close());
    const sink = clickHouse(client, { retryMs: 20, onTrouble: () => {} });
    sink.write("{}");
    await expect.poll(() => sink.status.trouble).toContain("Unknown table");
    isRefusing = false;
    await expect.poll(() => sink.status).toMatchObject({ written: 1, lost: 0 });
    await sink.close();
  });
});

interface Row {
  readonly record: string;
  readonly event: string;
  readonly client: string;
  readonly client_port?: number;
  readonly method: string;
}

/** The one row of the first client whose port a PROXY header told. A table has no order, and its login's row, the second client's and those of datagrams have the same port. */
function proxiedRow<Any extends Row>(rows: readonly Any[]): Any | undefined {
  const found = rows.filter(
    ({ event, method, client }) =>
      event === "client.resolved" && method === "proxy-protocol" && client === "203.0.113.7",
  );
  expect(found).toHaveLength(1);
  return found[0];
}
