/** Whether all is to be tried (`npm run e2e -- hostile --full`), or the share of it that `npm test` takes. */
export const IS_FULL: boolean = process.env["WHEREFROM_FULL"] === "1";

/** The same seed gives the same sites, requests and attacks. Another one: WHEREFROM_SEED=7. */
export const SEED: number = Number(process.env["WHEREFROM_SEED"] ?? 20_261_130);
