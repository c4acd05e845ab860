// Attacks on server.mjs, as a proxy on the same machine would hand them on. node attack.mjs [guessing|spraying|stuffing|distributed|takeover]
const url = `http://127.0.0.1:${process.env.PORT ?? 3000}/login`;
const RIGHT = "correct horse";

async function login(user, from, password = "guess", agent = "python-requests/2.32") {
  const headers = { "content-type": "application/json", "x-forwarded-for": from, "user-agent": agent };
  await fetch(url, { method: "POST", headers, body: JSON.stringify({ user, password }) });
}

const ATTACKS = {
  async guessing() {
    for (let n = 0; n < 60; n++) await login("root", "30.0.0.1");
  },
  async spraying() {
    for (let n = 0; n < 60; n++) await login(`user${n}`, "30.0.0.2");
  },
  async stuffing() {
    for (let n = 0; n < 500; n++) await login(`listed${n}`, `30.0.7.${n % 250}`);
  },
  async distributed() {
    for (let n = 0; n < 100; n++) await login("alice", `30.${n}.9.9`);
    await login("alice", "30.200.9.9", RIGHT);
  },
  async takeover() {
    for (let n = 0; n < 6; n++) await login("bob", "20.0.0.1", RIGHT, "Mozilla/5.0 (X11; Linux)");
    await login("bob", "30.77.0.1", RIGHT);
  },
};

for (const name of process.argv.length > 2 ? process.argv.slice(2) : Object.keys(ATTACKS)) {
  if (!Object.hasOwn(ATTACKS, name))
    throw new Error(`there is no attack "${name}": ${Object.keys(ATTACKS).join(", ")}`);
  console.log(name);
  await ATTACKS[name]();
}
