/** The people of a simulation: their names, addresses and zones. */
export const NAMES = ['anna', 'luca', 'mira', 'theo'];

export const emailOf = (userId: string) => `${userId}@firm.example`;
export const nameOf = (email: string) => email.split('@')[0] ?? '';
export const zoneOf = (userId: string) =>
  userId === 'luca' ? 'America/New_York' : 'Europe/Zurich';
