// An application that sets headers on its own request, and asks itself over loopback for what it knows of the client.
import { once } from "node:events";
import { createServer, request as send } from "node:http";

async function ask(port, headers) {
  const [response] = await once(
    send({ port, host: "127.0.0.1", path: "/inner", headers, agent: false }).end(),
    "response",
  );
  let text = "";
  for await (const part of response) text += String(part);
  return JSON.parse(text);
}

const server = createServer(async (request, response) => {
  const { headers, url } = request;
  if (url === "/set") {
    headers["x-client-ip"] = "198.51.100.1";
    headers["x-real-ip"] = "198.51.100.2";
    await new Promise((settle) => setImmediate(settle));
  }
  const seen = { headers: request.headers };
  const told = { "x-forwarded-for": headers["x-forwarded-for"], "x-real-ip": "6.6.6.6" };
  response.end(JSON.stringify(url === "/self" ? await ask(server.address().port, told) : seen));
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`${JSON.stringify([server.address().port])}\n`));
