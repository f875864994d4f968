/** The processes that run the functions: whoever is free handles a message, and who dies is replaced. */
import type { Action } from '../../functions/triggers/admin-actions.ts';
import { isForged } from './notifications.ts';
import type { Queues } from './queues.ts';
import { rest } from './scheduler.ts';
import type { System } from './system.ts';
import { type Outside, Worker } from './worker.ts';

export class Processes {
  readonly #system: System;
  readonly #outside: Outside;
  readonly #random: () => number;
  /** Tasks that handle a false notification. */
  readonly forged = new Set<number>();
  #workers: Worker[] = [];
  #tasks = 0;

  constructor(system: System, outside: Outside, random: () => number) {
    this.#system = system;
    this.#outside = outside;
    this.#random = random;
    for (let i = 0; i < system.options.workers; i++) this.#workers.push(this.#begin());
  }

  #begin(): Worker {
    return new Worker(`w${this.#tasks}-${this.#workers.length}`, this.#outside);
  }

  #anyone(): Worker {
    return this.#workers[Math.floor(this.#random() * this.#workers.length)] as Worker;
  }

  crash(worker: Worker): void {
    const { scheduler, queues } = this.#system;
    this.#system.log('crash', { worker: worker.name });
    scheduler.kill(worker);
    queues.abandon(worker, scheduler.now);
    this.#workers = this.#workers.map((w) => (w === worker ? this.#begin() : w));
  }

  /** Nobody stands still any more. */
  calm(): void {
    for (const worker of this.#workers) worker.pausedUntil = 0;
  }

  async deliver(message: Queues['waiting'][number]): Promise<void> {
    const worker = this.#anyone();
    const task = ++this.#tasks;
    this.#system.log('deliver', { task, worker: worker.name, message });
    if (isForged(message)) this.forged.add(task);
    this.#system.note('task', { task, what: message.subscription });
    this.#system.queues.begin(message, worker);
    void worker.handle(task, message.subscription, message.data).then((status) => {
      this.#system.log('answered', { task, status });
      this.#system.queues.end(message, status === 204, this.#system.scheduler.now);
    });
    await rest();
  }

  /** An admin asks one of the processes for something, and does not ask again if that dies. */
  async ask(asked: Action): Promise<void> {
    const worker = this.#anyone();
    const task = ++this.#tasks;
    const { action: what, ...about } = asked;
    this.#system.note('task', { task, what, ...about });
    void worker.ask(task, asked).then(
      ({ status, body }) => {
        this.#system.log('answered', { task, status });
        if (what === 'preview') this.#system.previewed = body;
      },
      (error) => this.#system.bugs.push(String(error)),
    );
    await rest();
  }
}
