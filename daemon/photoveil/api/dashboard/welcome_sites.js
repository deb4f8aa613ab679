/**
 * The sites that the extension knows of itself, as people call them. A test compares them with its manifest. Pure: no page, no daemon.
 */

/** @typedef {{name: string, hosts: string[]}} KnownSite */

/** @param {string} name @param {string[]} hosts @returns {KnownSite} */
const site = (name, ...hosts) => ({ name, hosts });

/** Where most photos go. */
export const USUAL_SITES = [
  site('Instagram', 'instagram.com'),
  site('Facebook', 'facebook.com', 'messenger.com'),
  site('WhatsApp', 'web.whatsapp.com'),
  site('TikTok', 'tiktok.com'),
  site('X', 'x.com', 'twitter.com'),
  site('LinkedIn', 'linkedin.com'),
];

export const OTHER_SITES = [
  site('500px', '500px.com'),
  site('Badoo', 'badoo.com'),
  site('Bluesky', 'bsky.app'),
  site('Bumble', 'bumble.com'),
  site('DeviantArt', 'deviantart.com'),
  site('Discord', 'discord.com'),
  site('Flickr', 'flickr.com'),
  site('Imgur', 'imgur.com'),
  site('Mastodon', 'mastodon.social'),
  site('Medium', 'medium.com'),
  site('Meetup', 'meetup.com'),
  site('Nextdoor', 'nextdoor.com'),
  site('OK', 'ok.ru'),
  site('OkCupid', 'okcupid.com'),
  site('Pinterest', 'pinterest.com', 'pinterest.co.uk', 'pinterest.de', 'pinterest.fr'),
  site('Quora', 'quora.com'),
  site('Reddit', 'reddit.com'),
  site('Snapchat', 'snapchat.com'),
  site('Strava', 'strava.com'),
  site('Substack', 'substack.com'),
  site('Telegram', 'web.telegram.org'),
  site('Threads', 'threads.com', 'threads.net'),
  site('Tinder', 'tinder.com'),
  site('Tumblr', 'tumblr.com'),
  site('VK', 'vk.com'),
  site('VSCO', 'vsco.co'),
  site('Weibo', 'weibo.com'),
  site('Xing', 'xing.com'),
  site('YouTube', 'youtube.com'),
];
