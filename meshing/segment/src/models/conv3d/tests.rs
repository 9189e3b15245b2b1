//! Each node that is written flat against the plain sums of its definition.

use rten_onnx::onnx::{GraphProto, OperatorSetIdProto, ValueInfoProto};

use super::*;
use crate::models::{Network as _, Rten, Tensor};

/// Numbers that follow no pattern.
fn noise(count: usize) -> Vec<f32> {
    let mut state = 5_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..count).map(|_| next()).collect()
}

fn tensor(name: &str, dims: &[usize], values: &[f32]) -> TensorProto {
    let mut made = Made::default();
    made.floats(dims, values);
    let mut tensor = made.constants.remove(0);
    tensor.name = Some(name.to_owned());
    tensor
}

/// A file of one node.
fn file(kind: &str, attributes: Vec<AttributeProto>, constants: Vec<TensorProto>) -> Vec<u8> {
    let names = constants.iter().filter_map(|tensor| tensor.name.clone());
    let node = NodeProto {
        op_type: Some(kind.to_owned()),
        input: ["x".to_owned()].into_iter().chain(names).collect(),
        output: vec!["y".to_owned()],
        attribute: attributes,
        ..NodeProto::default()
    };
    let value = |name: &str| ValueInfoProto { name: Some(name.to_owned()), ..ValueInfoProto::default() };
    let graph = GraphProto {
        node: vec![node],
        initializer: constants,
        input: vec![value("x")],
        output: vec![value("y")],
        ..GraphProto::default()
    };
    let opset = OperatorSetIdProto { version: Some(17), ..OperatorSetIdProto::default() };
    let model = ModelProto {
        ir_version: Some(8),
        graph: Some(graph),
        opset_import: vec![opset],
        ..ModelProto::default()
    };
    model.write_buf().expect("a file")
}

fn run(onnx: &[u8], shape: [usize; 5], values: Vec<f32>) -> Tensor {
    let network = Rten::read(onnx, Some("x"), Some("y")).expect("a network");
    network.run(Tensor { shape: shape.to_vec(), values }).expect("an answer")
}

fn same(found: &Tensor, shape: [usize; 5], wanted: &[f32]) {
    assert_eq!(found.shape, shape);
    for (n, (found, wanted)) in found.values.iter().zip(wanted).enumerate() {
        assert!((found - wanted).abs() < 1e-4, "value {n}: {found} and not {wanted}");
    }
}

#[test]
fn convolutions_are_the_sums_that_define_them() {
    for (kernel, stride, dilation, pads, group) in [
        ([3, 3, 3], [1, 1, 1], [1, 1, 1], [1, 1, 1, 1, 1, 1], 1),
        ([3, 3, 3], [2, 2, 2], [1, 1, 1], [1, 1, 1, 1, 1, 1], 1),
        ([1, 3, 3], [1, 2, 1], [1, 1, 1], [0, 1, 1, 0, 1, 1], 1),
        ([4, 2, 1], [2, 1, 1], [1, 1, 1], [2, 0, 0, 1, 1, 0], 1),
        ([3, 3, 1], [1, 1, 1], [2, 1, 1], [2, 1, 0, 2, 1, 0], 1),
        ([1, 1, 1], [1, 1, 1], [1, 1, 1], [0; 6], 1),
        ([3, 1, 3], [1, 1, 1], [1, 1, 1], [1, 0, 1, 1, 0, 1], 2),
    ] {
        let (size, inputs, outputs) = ([7_usize, 6, 5], 4, 6);
        let image = noise(inputs * 210);
        let each = inputs / group;
        let taps: usize = kernel.iter().product();
        let weights = noise(outputs * each * taps + 3).split_off(3);
        let bias = noise(outputs);
        let long = |v: &[usize]| v.iter().map(|&n| n as i64).collect::<Vec<i64>>();
        let onnx = file(
            "Conv",
            vec![
                attribute("kernel_shape", long(&kernel)),
                attribute("strides", long(&stride)),
                attribute("dilations", long(&dilation)),
                attribute("pads", long(&pads)),
                integer("group", group as i64),
            ],
            vec![
                tensor("w", &[outputs, each, kernel[0], kernel[1], kernel[2]], &weights),
                tensor("b", &[outputs], &bias),
            ],
        );
        let to: [usize; 3] = core::array::from_fn(|n| {
            (size[n] + pads[n] + pads[n + 3] - dilation[n] * (kernel[n] - 1) - 1) / stride[n] + 1
        });
        let mut wanted = Vec::new();
        for n in 0..outputs * to.iter().product::<usize>() {
            let (o, at) =
                (n / (to[0] * to[1] * to[2]), [n / (to[1] * to[2]) % to[0], n / to[2] % to[1], n % to[2]]);
            let mut sum = bias[o];
            for t in 0..each * taps {
                let (c, k) = (
                    t / taps,
                    [t / (kernel[1] * kernel[2]) % kernel[0], t / kernel[2] % kernel[1], t % kernel[2]],
                );
                let from: [usize; 3] = core::array::from_fn(|x| at[x] * stride[x] + k[x] * dilation[x]);
                if (0..3).all(|x| (pads[x]..pads[x] + size[x]).contains(&from[x])) {
                    let [d, h, w] = core::array::from_fn(|x| from[x] - pads[x]);
                    let channel = o / (outputs / group) * each + c;
                    sum += weights[o * each * taps + t] * image[((channel * 7 + d) * 6 + h) * 5 + w];
                }
            }
            wanted.push(sum);
        }
        same(&run(&onnx, [1, inputs, 7, 6, 5], image), [1, outputs, to[0], to[1], to[2]], &wanted);
    }
}

#[test]
fn transposed_convolutions_are_the_sums_that_define_them() {
    for (kernel, stride, pads, more) in [
        ([2, 2, 2], [2, 2, 2], [0; 6], [0, 0, 0]),
        ([1, 2, 2], [1, 2, 2], [0; 6], [0, 0, 0]),
        ([3, 3, 3], [2, 2, 2], [1; 6], [1, 1, 1]),
        ([4, 3, 2], [2, 1, 1], [1, 1, 0, 1, 1, 0], [0, 0, 0]),
        ([3, 1, 1], [1, 1, 1], [1, 0, 0, 1, 0, 0], [0, 0, 0]),
    ] {
        let (size, inputs, outputs) = ([5_usize, 4, 3], 3, 2);
        let image = noise(inputs * 60);
        let taps: usize = kernel.iter().product();
        let (weights, bias) = (noise(inputs * outputs * taps + 1).split_off(1), noise(outputs));
        let long = |v: &[usize]| v.iter().map(|&n| n as i64).collect::<Vec<i64>>();
        let onnx = file(
            "ConvTranspose",
            vec![
                attribute("kernel_shape", long(&kernel)),
                attribute("strides", long(&stride)),
                attribute("pads", long(&pads)),
                attribute("output_padding", long(&more)),
            ],
            vec![
                tensor("w", &[inputs, outputs, kernel[0], kernel[1], kernel[2]], &weights),
                tensor("b", &[outputs], &bias),
            ],
        );
        let to: [usize; 3] =
            core::array::from_fn(|n| (size[n] - 1) * stride[n] + kernel[n] + more[n] - pads[n] - pads[n + 3]);
        let mut wanted = vec![0.0; outputs * to.iter().product::<usize>()];
        for o in 0..outputs {
            let plane = to[0] * to[1] * to[2];
            wanted[o * plane..][..plane].fill(bias[o]);
            for (n, value) in image.iter().enumerate() {
                let (c, at) = (n / 60, [n / 12 % 5, n / 3 % 4, n % 3]);
                for t in 0..taps {
                    let k = [t / (kernel[1] * kernel[2]), t / kernel[2] % kernel[1], t % kernel[2]];
                    let onto: [usize; 3] = core::array::from_fn(|x| at[x] * stride[x] + k[x]);
                    if (0..3).all(|x| (pads[x]..pads[x] + to[x]).contains(&onto[x])) {
                        let [d, h, w] = core::array::from_fn(|x| onto[x] - pads[x]);
                        wanted[((o * to[0] + d) * to[1] + h) * to[2] + w] +=
                            value * weights[(c * outputs + o) * taps + t];
                    }
                }
            }
        }
        same(&run(&onnx, [1, inputs, 5, 4, 3], image), [1, outputs, to[0], to[1], to[2]], &wanted);
    }
}

#[test]
fn pools_take_the_greatest() {
    let image = noise(2 * 6 * 4 * 4);
    let onnx = file(
        "MaxPool",
        vec![attribute("kernel_shape", vec![2, 2, 2]), attribute("strides", vec![2, 2, 2])],
        Vec::new(),
    );
    let mut wanted = Vec::new();
    for n in 0..2 * 3 * 2 * 2 {
        let [c, d, h, w] = [n / 12, n / 4 % 3, n / 2 % 2, n % 2];
        let of = (0..8).map(|t| image[((c * 6 + 2 * d + t / 4) * 4 + 2 * h + t / 2 % 2) * 4 + 2 * w + t % 2]);
        wanted.push(of.fold(f32::MIN, f32::max));
    }
    same(&run(&onnx, [1, 2, 6, 4, 4], image), [1, 2, 3, 2, 2], &wanted);
}

#[test]
fn what_cannot_be_written_flat_is_refused_and_broken_files_give_errors() {
    let weights = || vec![tensor("w", &[1, 1, 3, 3, 3], &noise(27))];
    let said = |onnx: &[u8]| Rten::read(onnx, None, None).expect_err("refused").to_string();
    let automatic = AttributeProto {
        name: Some("auto_pad".to_owned()),
        s: Some("SAME_UPPER".to_owned()),
        r#type: Some(AttributeType::STRING),
        ..AttributeProto::default()
    };
    assert!(said(&file("Conv", vec![automatic], weights())).contains("automatic"));
    let wide = attribute("pads", vec![1 << 40; 6]);
    assert!(said(&file("Conv", vec![wide], weights())).contains("too large"));
    let short = vec![tensor("w", &[1, 1, 3, 3, 3], &noise(26))];
    assert!(said(&file("Conv", Vec::new(), short)).contains("weights"));
    let groups = vec![integer("group", 2)];
    assert!(said(&file("ConvTranspose", groups, weights())).contains("groups"));
    let good = file("Conv", Vec::new(), weights());
    for n in 0..1000 {
        let mut bad = good.clone();
        let at = n * 7919 % bad.len();
        bad[at] ^= 1 << (n % 8);
        // Any answer but a panic.
        if let Ok(network) = Rten::read(&bad, None, None) {
            drop(network.run(Tensor { shape: vec![1, 1, 4, 4, 4], values: vec![0.0; 64] }));
        }
    }
}
