// How far a ray may leap: from the ranges of values and a transfer function to occupancy to distances.
// Twin: Cells::visible, equal byte by byte.

struct Leaps {
    // cells along i, j, k
    cells: vec3<u32>,
    // bytes of a row of the result, a multiple of 256
    row: u32,
    // parts along i, j, k
    parts: vec3<u32>,
    // 0, 1, 2: along which axis `spread` looks
    axis: u32,
    // table index = (value - low) * per_value
    low: f32,
    per_value: f32,
    last: f32,
    unused: f32,
}

@group(0) @binding(0) var<uniform> leaps: Leaps;
// smallest and largest value by part, of which a cell has two along each axis
@group(0) @binding(1) var<storage, read> ranges: array<vec2<f32>>;
// entry i: how many entries of the table before i are not fully transparent
@group(0) @binding(2) var<storage, read> before: array<u32>;
@group(0) @binding(3) var<storage, read> distances: array<u32>;
@group(0) @binding(4) var<storage, read_write> result: array<u32>;

fn shows(range: vec2<f32>) -> bool {
    let x = clamp((range.x - leaps.low) * leaps.per_value, 0.0, leaps.last);
    let y = clamp((range.y - leaps.low) * leaps.per_value, 0.0, leaps.last);
    let first = u32(floor(max(x - 0.01, 0.0)));
    let end = min(select(0u, u32(ceil(y + 0.01)), y > 0.0), u32(leaps.last)) + 1u;
    return before[end] > before[first];
}

fn index_of(cell: vec3<u32>) -> u32 {
    return (cell.z * leaps.cells.y + cell.y) * leaps.cells.x + cell.x;
}

// 0 where a part of the cell shows something, else 255.
@compute @workgroup_size(4, 4, 4)
fn occupancy(@builtin(global_invocation_id) cell: vec3<u32>) {
    if any(cell >= leaps.cells) {
        return;
    }
    var distance = 255u;
    for (var n = 0u; n < 8u; n++) {
        let part = cell * 2u + ((vec3<u32>(n) >> vec3<u32>(0u, 1u, 2u)) & vec3<u32>(1u));
        if all(part < leaps.parts) && shows(ranges[(part.z * leaps.parts.y + part.y) * leaps.parts.x + part.x]) {
            distance = 0u;
        }
    }
    result[index_of(cell)] = distance;
}

// The chessboard distance is the largest of three, so that it may be found along one axis after the other.
@compute @workgroup_size(4, 4, 4)
fn spread(@builtin(global_invocation_id) cell: vec3<u32>) {
    if any(cell >= leaps.cells) {
        return;
    }
    let here = index_of(cell);
    let stride = select(select(leaps.cells.x * leaps.cells.y, leaps.cells.x, leaps.axis == 1u), 1u, leaps.axis == 0u);
    let place = cell[leaps.axis];
    let count = leaps.cells[leaps.axis];
    var best = distances[here];
    for (var d = 1u; d < 255u; d++) {
        if d >= best {
            break;
        }
        if place >= d {
            best = min(best, max(d, distances[here - d * stride]));
        }
        if place + d < count {
            best = min(best, max(d, distances[here + d * stride]));
        }
    }
    result[here] = best;
}

// Four cells of a row to a word, as a texture takes them.
@compute @workgroup_size(4, 4, 4)
fn pack(@builtin(global_invocation_id) at: vec3<u32>) {
    let words = leaps.row / 4u;
    if at.x >= words || at.y >= leaps.cells.y || at.z >= leaps.cells.z {
        return;
    }
    var word = 0u;
    for (var n = 0u; n < 4u; n++) {
        let x = at.x * 4u + n;
        if x < leaps.cells.x {
            word |= distances[index_of(vec3<u32>(x, at.y, at.z))] << (8u * n);
        }
    }
    result[(at.z * leaps.cells.y + at.y) * words + at.x] = word;
}
