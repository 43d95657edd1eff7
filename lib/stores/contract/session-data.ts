/**
 * What an app keeps in a session: JSON, at most 4 KiB, fixed at sign-in. Give it its type by augmentation:
 * `declare module 'stepgate' { interface SessionData { tenant: string } }`.
 */
// biome-ignore lint/suspicious/noEmptyInterface: an app fills it by augmentation, which only an interface allows.
export interface SessionData {}
