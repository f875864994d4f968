/** Whose changes the text of a crm-changes message holds, whether it can be read or not. */

/** The users that a message is about; of one that is no JSON, those that its text names. */
export function usersIn(text: string): string[] {
  const named = itemsOf(text)?.map(userOf) ?? wordsAfterUserId(text);
  return [...new Set(named.filter((userId) => userId !== undefined))];
}

/** The message without the changes of these users; undefined: nothing is left, or it cannot be taken apart. */
export function withoutUsers(text: string, userIds: readonly string[]): string | undefined {
  const left = itemsOf(text)?.filter((item) => !userIds.includes(userOf(item) ?? ''));
  return left && left.length > 0 ? JSON.stringify({ changes: left }) : undefined;
}

function itemsOf(text: string): unknown[] | undefined {
  try {
    const message: unknown = JSON.parse(text);
    if (typeof message !== 'object' || message === null) return undefined;
    const { changes } = message as { changes?: unknown };
    return Array.isArray(changes) ? changes : [message];
  } catch {
    return undefined;
  }
}

function userOf(item: unknown): string | undefined {
  const userId = (item as { userId?: unknown } | null)?.userId;
  return typeof userId === 'string' ? userId : undefined;
}

const wordsAfterUserId = (text: string) =>
  [...text.matchAll(/"userId"\s*:\s*"([^"\\]{1,200})"/g)].map(([, userId]) => userId);
