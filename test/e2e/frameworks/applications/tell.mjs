/** Tells the test where a server listens, as its first line. */
export function tell(server) {
  const told = () => process.stdout.write(`${JSON.stringify([server.address().port])}\n`);
  if (server.listening) told();
  else server.listen(0, "127.0.0.1", told);
}
