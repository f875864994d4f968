import { toast } from './dom.js';

/** Runs an action soon and once, however often it is asked for; again when asked for while it ran. */
export function soon(action, ms = 40) {
  let timer;
  let running = false;
  const run = async () => {
    if (running) {
      timer = setTimeout(run, 100);
      return;
    }
    timer = undefined;
    running = true;
    try {
      await action();
    } catch (error) {
      toast('bad', 'Not up to date', error.message);
    }
    running = false;
  };
  return () => {
    if (timer === undefined) timer = setTimeout(run, ms);
  };
}
