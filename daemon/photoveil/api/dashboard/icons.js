/**
 * Small line icons, 24 × 24, drawn with the colour of the text beside them. They never carry a meaning alone.
 */
const NS = 'http://www.w3.org/2000/svg';

/** @type {Record<string, string>} */
const PATHS = {
  home: 'M4 11 12 4l8 7M6 10v10h12V10M10 20v-6h4v6',
  history: 'M12 7v5l3.5 2M4.5 9A8 8 0 1 1 4 12M4 4.5V9h4.5',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20.5c.8-4 4-6 8-6s7.2 2 8 6',
  folder: 'M3.5 7a2 2 0 0 1 2-2h4l2 2.5h7a2 2 0 0 1 2 2V17a2 2 0 0 1-2 2h-13a2 2 0 0 1-2-2z',
  browser: 'M5 4.5h14a2 2 0 0 1 2 2v11a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-11a2 2 0 0 1 2-2zM3 9.5h18M6.2 7h.01M9 7h.01',
  vault: 'M4.5 10.5h15v10h-15zM8 10.5V8a4 4 0 0 1 8 0v2.5M12 14.5v2',
  models: 'M12 3.5 20 8v8l-8 4.5L4 16V8zM4.3 8.2 12 12.5l7.7-4.3M12 12.5v8',
  settings: 'M4 7h9M17 7h3M15 5v4M4 12h3M11 12h9M9 10v4M4 17h11M19 17h1M17 15v4',
  limits: 'M12 8v5M12 16.5v.01M10.3 4.2 2.9 17a2 2 0 0 0 1.7 3h14.8a2 2 0 0 0 1.7-3L13.7 4.2a2 2 0 0 0-3.4 0z',
  seal: 'M5.5 20.5h13M7 16.5h10v4H7zM10 16.5v-4c0-1.5-2-2.3-2-5a4 4 0 0 1 8 0c0 2.7-2 3.5-2 5v4',
  key: 'M8 15.5a3.7 3.7 0 1 0 0-7.4 3.7 3.7 0 0 0 0 7.4zM11.6 12H20.5v3.5M16.5 12v2.5',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 14.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6z',
  menu: 'M4 7h16M4 12h16M4 17h16',
  photo: 'M5.5 4.5h13a2 2 0 0 1 2 2v11a2 2 0 0 1-2 2h-13a2 2 0 0 1-2-2v-11a2 2 0 0 1 2-2zM4 17l5-5 4 4 2.5-2.5L20 18M15.5 9.5h.01',
  drop: 'M12 15V4.5M7.5 8.5 12 4l4.5 4.5M4.5 14.5V17a2.5 2.5 0 0 0 2.5 2.5h10a2.5 2.5 0 0 0 2.5-2.5v-2.5',
  download: 'M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 19.5h14',
  check: 'M5 12.5 10 17.5 19.5 7',
  cross: 'M6 6l12 12M18 6 6 18',
  alert: 'M12 7.5v5.5M12 16.2v.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z',
  info: 'M12 11v5.5M12 7.8v.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z',
  pause: 'M8.5 5.5v13M15.5 5.5v13',
  play: 'M7.5 5v14l11-7z',
  clock: 'M12 7v5l3 2M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z',
  retry: 'M19.5 5v4.5H15M19.2 9.5A8 8 0 1 0 20 13',
  restore: 'M4.5 5v4.5H9M4.8 9.5A8 8 0 1 1 4 13',
  trash: 'M4.5 7h15M9.5 7V4.5h5V7M6.5 7l1 13h9l1-13M10.5 11v5.5M13.5 11v5.5',
  edit: 'M5 19l.8-3.8L16 5l3 3L8.8 18.2zM13.8 7.2l3 3',
  plus: 'M12 5v14M5 12h14',
  pass: 'M4 12h15M13.5 6.5 19 12l-5.5 5.5',
  shield: 'M12 3.5 19 6v5.5c0 4.3-2.8 7.5-7 9-4.2-1.5-7-4.7-7-9V6zM9 12l2.2 2.2L15.2 10',
  'shield-part': 'M12 3.5 19 6v5.5c0 4.3-2.8 7.5-7 9-4.2-1.5-7-4.7-7-9V6zM9 12h6',
  'shield-weak': 'M12 3.5 19 6v5.5c0 4.3-2.8 7.5-7 9-4.2-1.5-7-4.7-7-9V6zM12 8v4.5M12 15.7v.01',
  split: 'M12 3v18M9 8l-4 4 4 4M15 8l4 4-4 4',
  spinner: 'M12 4a8 8 0 1 1-8 8',
  plug: 'M9 4v4M15 4v4M6.5 8h11v3a5.5 5.5 0 0 1-11 0zM12 16.5V20.5',
};

/** @param {string} name @returns {SVGSVGElement} */
export function icon(name) {
  const svg = document.createElementNS(NS, 'svg');
  for (const [key, value] of Object.entries({
    'viewBox': '0 0 24 24',
    'aria-hidden': 'true',
    'class': `icon icon-${name}`,
    'focusable': 'false',
  }))
    svg.setAttribute(key, value);
  const path = document.createElementNS(NS, 'path');
  path.setAttribute('d', PATHS[name] ?? '');
  svg.append(path);
  return svg;
}
