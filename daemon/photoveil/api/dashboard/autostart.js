/**
 * Starting at login: a switch for the settings and the first run.
 */
/** @import { Autostart } from './types.js' */

import { troubleOf } from './daemon.js';
import { h, say } from './dom.js';
import { toggle } from './forms.js';

/**
 * @param {import('./daemon.js').Daemon} daemon @param {Autostart} now
 * @returns {{node: HTMLElement, box: HTMLInputElement, save: (on: boolean) => Promise<boolean>}} `save`: whether it went well
 */
export function autostartSwitch(daemon, now, isSavedAtOnce = true) {
  const wrong = h('p', { class: 'field-error', role: 'alert' });
  const save = async (/** @type {boolean} */ on) => {
    say(wrong, '');
    try {
      tell(await daemon.ask('autostart/change', { on }));
      return true;
    } catch (error) {
      const { title, reason, remedy } = troubleOf(error);
      say(wrong, [title, reason, remedy].filter(Boolean).join(' '));
      box.checked = !on;
      return false;
    }
  };
  const { row, box } = toggle('Start Photoveil when you log in', now.state !== 'off', {
    help: 'Without it, uploads wait.',
    act: 'autostart',
    changed: (on) => void (isSavedAtOnce && save(on)),
  });
  const tell = (/** @type {Autostart} */ told) => {
    box.checked = told.state !== 'off';
    if (told.state === 'broken') say(wrong, `It does not work at present: ${told.problem} Switch it off and on again to mend it.`);
  };
  tell(now);
  return { node: h('div', {}, row, wrong), box, save };
}
