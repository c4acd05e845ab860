import type { Dice } from "./dice.ts";
import type { User } from "./innocents.ts";
import { type Attack, HOUR_MS, type Login, type Size } from "./truth.ts";
import { type Operator, operatorsOf, v4, v6 } from "./world.ts";

interface Drawn {
  readonly logins: Login[];
  readonly attacks: Attack[];
}

/** What an attack is drawn with: its number among those of its kind, and when it begins. */
interface Occasion {
  readonly dice: Dice;
  readonly index: number;
  readonly time: number;
  readonly victim: User;
  readonly users: readonly User[];
  /** The victim's own successful logins, in order. */
  readonly own: readonly Login[];
  readonly pace: number;
}

interface Plot {
  readonly entities: readonly string[];
  readonly logins: readonly Login[];
}

const AGENTS = ["python-requests/2.32", "Mozilla/5.0 (X11; Ubuntu) Gecko/20100101", "Go-http-client/2.0"];

/** Attacks of each kind, each with its victims and sources of its own. */
const KINDS: Readonly<Record<string, (occasion: Occasion) => Plot | undefined>> = {
  "takeover from afar, at once": (occasion) => takeover(occasion, 0.2, 1, foreign(occasion), "python"),
  "takeover with a stolen cookie": (occasion) => takeover(occasion, 0.05, 0.1, foreign(occasion), "victim"),
  "takeover from abroad, hours later": (occasion) => takeover(occasion, 8, 14, foreign(occasion), "python"),
  "takeover from a hosting company": (occasion) =>
    takeover(occasion, 0.5, 10, operatorsOf("hosting", occasion.victim.country)[0] as Operator, "python"),
  "takeover after guessing": (occasion) => {
    const { dice, time, victim, index } = occasion;
    const address = v4(
      dice.pick(operatorsOf("home", dice.pick(["VN", "NG", "RU", "ID"]))),
      (40 << 16) | (index << 8) | 9,
    );
    const count = dice.whole(12, 60);
    const tries = series(occasion, count, 3000, () => ({ user: victim.id, address, success: false }));
    return {
      entities: [victim.id, address],
      logins: [...tries, attempt(time + (count * 3000) / occasion.pace, { user: victim.id, address, success: true })],
    };
  },
  "guessing within the victim's own provider": (occasion) => {
    const { dice, time, victim, index } = occasion;
    const address = v4(victim.home, (47 << 16) | (index << 8) | 9);
    const count = dice.whole(30, 90);
    const tries = series(occasion, count, 3000, () => ({ user: victim.id, address, success: false }));
    return {
      entities: [victim.id, address],
      logins: [...tries, attempt(time + (count * 3000) / occasion.pace, { user: victim.id, address, success: true })],
    };
  },
  "guessing from one address for hours": (occasion) => {
    const { dice, index } = occasion;
    const address = v4(dice.pick(operatorsOf("home", "VN")), (41 << 16) | (index << 8) | 9);
    return {
      entities: [address, "root"],
      logins: series(occasion, 1800, 2000, () => ({ user: "root", address, success: false })),
    };
  },
  "guessing one user from thousands of addresses": (occasion) => {
    const { dice, time, victim, index } = occasion;
    const operators = operatorsOf("home");
    const count = dice.whole(600, 2000);
    const where = (number: number): string => v4(dice.pick(operators), (60 << 16) | (index << 16) | number);
    const tries = series(occasion, count, 900, (number) => ({
      user: victim.id,
      address: where(number % 600),
      success: false,
    }));
    return {
      entities: [victim.id],
      logins: [
        ...tries,
        attempt(time + (count * 900) / occasion.pace, { user: victim.id, address: where(7), success: true }),
      ],
    };
  },
  "spraying from one address": (occasion) => {
    const { dice, users, index } = occasion;
    const address = v4(dice.pick(operatorsOf("hosting")), (42 << 16) | (index << 8) | 9);
    return {
      entities: [address],
      logins: series(occasion, dice.whole(60, 400), dice.whole(500, 20_000), () => ({
        user: dice.pick(users).id,
        address,
        success: false,
      })),
    };
  },
  "slow spraying from one address": (occasion) => {
    const { dice, users, index } = occasion;
    const address = v4(dice.pick(operatorsOf("home")), (43 << 16) | (index << 8) | 9);
    return {
      entities: [address],
      logins: series(occasion, 40, 400_000, () => ({ user: dice.pick(users).id, address, success: false })),
    };
  },
  "stuffing from a /24, ten users an address": (occasion) => {
    const { dice, index } = occasion;
    const operator = dice.pick(operatorsOf("hosting"));
    const base = (44 << 16) | (index << 8);
    const count = dice.whole(400, 2560);
    const logins = series(occasion, count, 400, (number) => ({
      user: `stuffed${index}-${number}`,
      address: v4(operator, base | (number & 255)),
      success: false,
    }));
    return { entities: [`${v4(operator, base)}/24`], logins };
  },
  "stuffing from a /48, a new /64 each": (occasion) => {
    const { dice, index } = occasion;
    const operator = dice.pick(operatorsOf("hosting"));
    const site = 0xa00 + index;
    const logins = series(occasion, dice.whole(400, 3000), 300, (number) => ({
      user: `listed${index}-${number}`,
      address: v6(operator, site, number, 1),
      success: false,
    }));
    return { entities: [`2001:${operator.octet.toString(16)}:${site.toString(16)}::/48`], logins };
  },
  "stuffing from a system, few an address": (occasion) => {
    const { dice, users, index } = occasion;
    const operator = operatorsOf("hosting")[index % 10] as Operator;
    const logins = series(occasion, dice.whole(500, 1500), 700, () => ({
      user: dice.pick(users).id,
      address: v4(operator, (50 << 16) | dice.whole(0, 0xffff)),
      success: false,
    }));
    return { entities: [`AS${operator.place.asn}`], logins };
  },
  "stuffing that finds a password": (occasion) => {
    const { dice, time, users, index, victim } = occasion;
    const address = v4(dice.pick(operatorsOf("home", "RU")), (45 << 16) | (index << 8) | 9);
    const tries = series(occasion, 150, 1500, () => ({ user: dice.pick(users).id, address, success: false }));
    return {
      entities: [address, victim.id],
      logins: [...tries, attempt(time + (150 * 1500) / occasion.pace, { user: victim.id, address, success: true })],
    };
  },
  "a botnet, one try an address": (occasion) => {
    const { dice, users } = occasion;
    const operators = operatorsOf("home");
    const logins = series(occasion, dice.whole(300, 600), 900, () => ({
      user: dice.pick(users).id,
      address: v4(dice.pick(operators), (140 << 16) | dice.whole(0, 0x3fffff)),
      success: false,
    }));
    return { entities: ["service"], logins };
  },
  "guessing behind a malformed header": (occasion) => {
    const { dice, users } = occasion;
    const address = v4(dice.pick(operatorsOf("home", "NG")), 99);
    const logins = series(occasion, dice.whole(200, 400), 1200, () => ({
      user: dice.pick(users).id,
      address,
      success: false,
      isHidden: true,
    }));
    return { entities: ["service"], logins };
  },
};

export function drawAttacks(dice: Dice, users: readonly User[], innocent: readonly Login[], size: Size): Drawn {
  const logins: Login[] = [];
  const attacks: Attack[] = [];
  const owns = new Map<string, Login[]>();
  for (const login of innocent.toSorted((one, other) => one.time - other.time)) {
    if (!login.success || login.isHidden === true) continue;
    const own = owns.get(login.user);
    if (own === undefined) owns.set(login.user, [login]);
    else own.push(login);
  }
  // Every victim has one attacker.
  let next = users.length - 1;
  for (const [kind, draw] of Object.entries(KINDS)) {
    for (let index = 0; index < size.attacks; index++) {
      // After the first quarter; those of one kind one after the other.
      const share = 0.2 + (0.75 * (index + dice.next() * 0.5)) / size.attacks;
      const time = share * size.days * 24 * HOUR_MS;
      const victim = users[next--] as User;
      const plot = draw({ dice, index, time, victim, users, own: owns.get(victim.id) ?? [], pace: size.pace ?? 1 });
      if (plot === undefined) {
        index--;
        continue;
      }
      const times = plot.logins.map((login) => login.time);
      attacks.push({
        kind,
        entities: plot.entities,
        from: times.reduce((a, b) => Math.min(a, b)),
        to: times.reduce((a, b) => Math.max(a, b)),
      });
      logins.push(...plot.logins);
    }
  }
  return { logins, attacks };
}

/** Abroad, and farther than what a database may be off and a neighbour's capital is. */
function foreign({ dice, victim }: Occasion): Operator {
  const { latitude = 0, longitude = 0 } = victim.home.place;
  return dice.pick(
    operatorsOf("home").filter(
      ({ place }) =>
        place.country !== victim.country &&
        place.country !== victim.flight?.to.place.country &&
        Math.hypot((place.latitude ?? 0) - latitude, (place.longitude ?? 0) - longitude) > 12,
    ),
  );
}

/** So many hours after a login of the victim's; undefined where the victim has logged in too seldom. */
function takeover(
  { dice, victim, own, index, time }: Occasion,
  least: number,
  most: number,
  from: Operator,
  agent: "python" | "victim",
): Plot | undefined {
  const wait = dice.between(least, most) * HOUR_MS;
  const after = own.find(
    (login, at) => at >= 8 && login.time > time * 0.5 && (own[at + 1]?.time ?? Infinity) > login.time + wait,
  );
  if (after === undefined || victim.vpn !== undefined) return undefined;
  const address = v4(from, (46 << 16) | (index << 8) | dice.whole(1, 250));
  const login = {
    user: victim.id,
    address,
    success: true,
    agent: agent === "victim" ? after.agent : dice.pick(AGENTS),
  };
  const begin = after.time + wait;
  return {
    entities: [victim.id],
    logins: [
      { ...login, time: begin },
      { ...login, time: begin + 60_000 },
    ],
  };
}

function attempt(time: number, login: Omit<Login, "time" | "agent">): Login {
  return { ...login, time, agent: AGENTS[0] as string };
}

function series(
  { time, pace }: Occasion,
  count: number,
  everyMs: number,
  draw: (number: number) => Omit<Login, "time" | "agent">,
): Login[] {
  return Array.from({ length: count }, (_, number) => attempt(time + (number * everyMs) / pace, draw(number)));
}
