// Rows of pixels through a grid. A place is the row's first place plus column times `right` plus sample times `away`,
// in voxels. The first place comes as whole voxels and a part of one; the two steps come as a multiple of 2^-10 and a
// rest, so that their multiples lose no digit in f32 however far they reach, and the sum of what is left is below a
// few voxels.

struct Row {
    whole: vec4<i32>,
    part: vec4<f32>,
    right: vec4<f32>,
    right_rest: vec4<f32>,
    away: vec4<f32>,
    away_rest: vec4<f32>,
}

struct Spot {
    base: vec3<i32>,
    // 0 to 1
    part: vec3<f32>,
}

fn spot(row: Row, column: f32, sample: f32) -> Spot {
    let coarse = column * row.right.xyz + sample * row.away.xyz;
    let steps = floor(coarse);
    let rest = row.part.xyz + (column * row.right_rest.xyz + sample * row.away_rest.xyz);
    let sum = (coarse - steps) + rest;
    let carry = floor(sum);
    return Spot(row.whole.xyz + vec3<i32>(steps) + vec3<i32>(carry), sum - carry);
}
