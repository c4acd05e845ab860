export { type Doctor, doctor } from "./handler/doctor.ts";
export type { DoctorOptions } from "./handler/options.ts";
export { listen, type Listener, type ListenOptions } from "./handler/listen.ts";
