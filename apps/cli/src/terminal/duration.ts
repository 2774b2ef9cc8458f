/** A time for people, in its two largest units: `45 s`, `12 min 3 s`, `4 h 20 min`, `2 d 7 h`. */
export function duration(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds));
  const [days, hours] = [Math.floor(whole / 86_400), Math.floor((whole % 86_400) / 3_600)];
  const minutes = Math.floor((whole % 3_600) / 60);
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}
