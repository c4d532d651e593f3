// What the graphics processor runs: nodes as shapes by their signed distance, edges as ribbons along a curve.

/** A square around each node, in pixels: room for a halo only where there is one, none for a node without a place. */
export const NODE_VERTEX = /* glsl */ `
attribute vec2 a_corner;
attribute vec2 a_position;
attribute float a_size;
attribute vec4 a_look;

uniform mat3 u_matrix;
uniform vec2 u_viewport;
uniform float u_scale;
uniform float u_least;
uniform vec3 u_palette[13];

varying vec2 v_p;
varying float v_radius;
varying vec3 v_color;
varying vec3 v_look;

void main() {
  float radius = max(a_size * u_scale, u_least);
  bool haloed = mod(floor(a_look.y / 16.0), 4.0) > 0.5;
  float reach = a_size > 0.0 ? radius * 1.5 + (haloed ? 8.0 : 2.0) : 0.0;
  vec3 center = u_matrix * vec3(a_position, 1.0);
  gl_Position = vec4(center.xy + a_corner * reach * 2.0 / u_viewport, 0.0, 1.0);
  v_p = vec2(a_corner.x, -a_corner.y) * reach;
  v_radius = radius;
  v_color = u_palette[int(a_look.w + 0.5)];
  v_look = a_look.xyz;
}
`;

const DISTANCES = /* glsl */ `
const float PI = 3.141592653589793;

float roundBox(vec2 p, vec2 half_, float round_) {
  vec2 q = abs(p) - half_ + round_;
  return length(max(q, 0.0)) + min(max(q.x, q.y), 0.0) - round_;
}

float polygon(vec2 p, float corners, float radius, float turn, float round_) {
  float wedge = PI / corners;
  float angle = mod(atan(p.x, -p.y) + turn, 2.0 * wedge) - wedge;
  vec2 q = length(p) * vec2(cos(angle), sin(angle));
  float inner = radius - round_ / cos(wedge);
  float side = inner * cos(wedge);
  float half_ = inner * sin(wedge);
  float across = q.x - side;
  return length(vec2(across, max(abs(q.y) - half_, 0.0))) * sign(across) - round_;
}

float cloud(vec2 p) {
  float d = roundBox(p - vec2(0.0, 0.30), vec2(0.98, 0.36), 0.36);
  d = min(d, length(p - vec2(-0.32, -0.12)) - 0.48);
  return min(d, length(p - vec2(0.34, -0.02)) - 0.40);
}

float sheet(vec2 p) {
  float cut = (p.x - p.y - 1.06) * 0.7071;
  return max(roundBox(p, vec2(0.72, 0.9), 0.08), cut);
}

float shape(float kind, vec2 p) {
  if (kind < 0.5) return length(p) - 0.94;
  if (kind < 1.5) return polygon(p - vec2(0.0, 0.16), 3.0, 1.22, 0.0, 0.12);
  if (kind < 2.5) return roundBox(p, vec2(0.83), 0.16);
  if (kind < 3.5) return polygon(p - vec2(0.0, 0.05), 5.0, 1.08, 0.0, 0.10);
  if (kind < 4.5) return polygon(p, 6.0, 1.05, 0.0, 0.10);
  if (kind < 5.5) return polygon(p - vec2(0.0, 0.02), 7.0, 1.03, 0.0, 0.08);
  if (kind < 6.5) return polygon(p, 8.0, 1.03, PI / 8.0, 0.08);
  if (kind < 7.5) return cloud(p / 1.2) * 1.2;
  if (kind < 8.5) return roundBox(p, vec2(0.74, 0.9), 0.34);
  return sheet(p);
}

/* Lines inside a shape: the lid of a cylinder, the fold of a sheet, the shelves of a storage sheet. */
float inside(float kind, vec2 p) {
  if (kind > 7.5 && kind < 8.5) {
    return p.y > -0.58 ? abs(length((p - vec2(0.0, -0.58)) * vec2(1.0, 2.2)) - 0.72) / 1.5 : 1.0;
  }
  if (kind > 8.5) {
    float fold = p.x > 0.30 && p.y < -0.46 ? min(abs(p.x - 0.34), abs(p.y + 0.50)) : 1.0;
    return kind < 9.5 ? fold : min(fold, abs(p.x) < 0.4 ? min(abs(p.y - 0.05), abs(p.y - 0.42)) : 1.0);
  }
  return 1.0;
}
`;

export const NODE_FRAGMENT = /* glsl */ `
precision highp float;

varying vec2 v_p;
varying float v_radius;
varying vec3 v_color;
varying vec3 v_look;

uniform float u_pixel;
uniform float u_focus;
uniform float u_search;
uniform float u_strong;
uniform vec3 u_page;
uniform vec3 u_surface;
uniform vec3 u_accent;
uniform vec3 u_match;
${DISTANCES}
float flags;

bool has(float bit) {
  return mod(floor(flags / bit), 2.0) > 0.5;
}

float cover(float d) {
  return clamp(0.5 - d / u_pixel, 0.0, 1.0);
}

vec4 over(vec4 below, vec3 color, float alpha) {
  return below * (1.0 - alpha) + vec4(color * alpha, alpha);
}

void main() {
  float kind = floor(v_look.x + 0.5);
  flags = floor(v_look.y + 0.5);
  bool lit = has(8.0), marked = has(16.0), chosen = has(32.0);
  float r = v_radius;
  vec2 q = v_p / r;
  float d = shape(kind, q) * r;

  float pale = 0.0;
  if (!lit) pale = u_focus;
  if (!marked) pale = max(pale, u_search);
  if (chosen) pale *= 0.3;
  pale *= 0.82;
  float faded = has(4.0) ? 0.5 : 0.0;
  vec3 color = mix(v_color, u_page, max(pale, faded));
  vec3 surface = mix(u_surface, u_page, pale);

  /* What is small is a plain dot; only what is larger has a border and an inside. */
  float large = smoothstep(5.0, 11.0, r);
  float border = clamp(r * (has(32.0) ? 0.11 : 0.075), 1.0, 3.4) + u_strong;
  vec4 seen = vec4(0.0);

  if (chosen) seen = over(seen, u_accent, 0.22 * cover(d - 8.0 * max(large, 0.5)));
  if (marked) seen = over(seen, mix(u_match, u_page, u_focus * (lit ? 0.0 : 0.8)), cover(abs(d - 4.0 - large) - 1.4 - u_strong * 0.5));
  if (chosen) seen = over(seen, u_accent, cover(abs(d - 3.5 * max(large, 0.6)) - 1.3));

  if (has(1.0)) {
    for (int back = 2; back >= 1; back--) {
      float depth = float(back);
      float behind = shape(kind, (q + vec2(0.0, 0.15 * depth)) / (1.0 - 0.055 * depth)) * r * (1.0 - 0.055 * depth);
      seen = over(seen, mix(color, u_page, 0.12 * depth), cover(behind));
      seen = over(seen, mix(surface, color, 0.10), cover(behind + border));
    }
    seen = over(seen, u_page, cover(d - 1.5 * large));
  }

  float body = cover(d);
  float tint = has(2.0) ? 0.05 : 0.15;
  vec3 within = mix(surface, color, mix(1.0, tint, large));
  if (has(64.0)) {
    float level = 1.0 - 2.0 * v_look.z / 255.0;
    float filled = clamp(0.5 + (q.y - level) * r / u_pixel, 0.0, 1.0);
    within = mix(within, color, large * (0.62 * filled));
  }
  seen = over(seen, within, body);

  float dash = 1.0;
  if (has(128.0)) {
    float part = fract(atan(q.y, q.x) / (2.0 * PI) * 22.0);
    dash = smoothstep(0.0, 0.12, min(part, 1.0 - part) - 0.14);
  }
  float line = body * (1.0 - cover(d + border));
  line = max(line, large * body * cover(inside(kind, q) * r - border * 0.5));
  seen = over(seen, color, line * mix(1.0, dash, large));

  /* A dot in the middle, as an anchor for the eye, where no level tells more. */
  if (!has(64.0) && !has(2.0)) seen = over(seen, color, large * cover(length(v_p) - max(r * 0.11, 1.5)));

  /* Lines of what one looks at lie below: what steps back lets them through. */
  gl_FragColor = seen * (1.0 - 0.6 * pale);
}
`;

/** A ribbon from one node to another that ends in an arrow. */
export const EDGE_VERTEX = /* glsl */ `
attribute vec2 a_step;
attribute vec2 a_from;
attribute vec2 a_to;
attribute vec4 a_look;

uniform mat3 u_matrix;
uniform vec2 u_viewport;
uniform float u_radius;
uniform float u_half;
uniform float u_bend;

varying float v_side;
varying float v_along;
varying float v_left;
varying float v_flags;

vec2 place(vec2 position) {
  return (u_matrix * vec3(position, 1.0)).xy * u_viewport * vec2(0.5, -0.5);
}

void main() {
  vec2 from = place(a_from), to = place(a_to);
  vec2 way = to - from;
  float lift = a_look.y * u_bend * max(abs(way.y) * 0.5, min(abs(way.x) * 0.25, u_radius * 5.0));
  vec2 bend = vec2(0.0, way.y < -u_radius ? -lift : lift);
  vec2 c1 = from + mix(way / 3.0, bend, a_look.y * u_bend);
  vec2 c2 = to - mix(way / 3.0, bend, a_look.y * u_bend);

  float gap = u_radius + 3.0;
  float first = min(gap / max(3.0 * length(c1 - from), 1.0), 0.4);
  float last = 1.0 - min(gap / max(3.0 * length(to - c2), 1.0), 0.4);
  float t = mix(first, last, a_step.x), s = 1.0 - t;
  vec2 here = s * s * s * from + 3.0 * s * s * t * c1 + 3.0 * s * t * t * c2 + t * t * t * to;
  vec2 speed = s * s * (c1 - from) + 2.0 * s * t * (c2 - c1) + t * t * (to - c2);
  vec2 normal = length(speed) > 0.0001 ? normalize(vec2(-speed.y, speed.x)) : vec2(0.0);

  float e = 1.0 - last;
  vec2 tip = e * e * e * from + 3.0 * e * e * last * c1 + 3.0 * e * last * last * c2 + last * last * last * to;
  v_left = distance(here, tip);
  v_along = a_step.x;
  v_side = a_step.y * u_half;
  v_flags = a_look.x;
  vec2 at = here + normal * v_side;
  gl_Position = vec4(at / (u_viewport * vec2(0.5, -0.5)), 0.0, 1.0);
}
`;

export const EDGE_FRAGMENT = /* glsl */ `
precision highp float;

varying float v_side;
varying float v_along;
varying float v_left;
varying float v_flags;

uniform float u_pixel;
uniform float u_half;
uniform float u_focus;
uniform float u_search;
uniform float u_alpha;
uniform float u_thick;
uniform vec3 u_line;
uniform vec3 u_bright;

void main() {
  bool lit = v_flags > 7.5;
  float thin = u_thick * (lit ? 1.5 : 1.0) * 0.5;
  float wide = u_half > 3.0 && v_left < 8.0 ? max(thin * step(2.0, v_left), v_left * 0.5) : thin;
  float alpha = clamp(0.5 + (wide - abs(v_side)) / u_pixel, 0.0, 1.0);
  float pale = lit ? 0.0 : max(u_focus, u_search * 0.8);
  alpha *= lit ? 1.0 : u_alpha * mix(0.45, 1.0, v_along) * (1.0 - 0.85 * pale);
  gl_FragColor = vec4((lit ? u_bright : u_line) * alpha, alpha);
}
`;
