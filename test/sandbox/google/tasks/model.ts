/** What the Tasks simulator keeps. */

export interface TaskList {
  readonly id: string;
  readonly owner: string;
  title: string;
  /** The list that every account has; it cannot be deleted. */
  readonly standard: boolean;
  deleted: boolean;
  changed: number;
  /** ms since the epoch, by Google's clock. */
  updated: number;
  readonly tasks: Map<string, Task>;
}

export interface Task {
  readonly id: string;
  title: string;
  notes: string | undefined;
  /** A day, YYYY-MM-DD. */
  due: string | undefined;
  status: 'needsAction' | 'completed';
  /** RFC 3339. */
  completed: string | undefined;
  deleted: boolean;
  hidden: boolean;
  parent: string | undefined;
  /** Rank among its siblings; lower is higher up. */
  rank: number;
  /** Position in pages of listings; fixed. */
  readonly order: number;
  readonly links: readonly object[];
  /** Assigned in Docs or Chat. */
  readonly assignmentInfo: object | undefined;
  /** Days between two occurrences. The API shows nothing of it: the next one is a task of its own. */
  repeatDays: number | undefined;
  changed: number;
  /** ms since the epoch, by Google's clock. */
  updated: number;
}
