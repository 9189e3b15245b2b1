//! Convolutions in three dimensions written as convolutions in two, for an engine that has no others.
//!
//! An image of one, channels, depth, rows, columns becomes a batch of its planes: depth, channels, rows, columns. A kernel of
//! `k` planes then sees `k` neighbouring planes stacked as channels. A transposed convolution gives each plane's share of the
//! planes that it becomes as channels, which lie in memory as these planes do. Both are the same sums in another order.

use std::cell::RefCell;
use std::collections::HashMap;

use rten_onnx::onnx::{AttributeProto, AttributeType, DataType, ModelProto, NodeProto, TensorProto};

use crate::NetworkError;

/// Ends of slices that reach to the last plane.
const LAST: i64 = i64::MAX;

/// Greatest kernel, stride or padding along depth: a card's file must not make the network grow without bound.
const MOST_PLANES: usize = 32;

/// The network with its convolutions and pools in two dimensions; `None` where there is nothing to change.
///
/// # Errors
/// The file is no ONNX, or has a convolution that cannot be written so.
pub(super) fn flatten(onnx: &[u8]) -> Result<Option<Vec<u8>>, NetworkError> {
    let mut model = ModelProto::parse_buf(onnx).map_err(NetworkError::new)?;
    let Some(graph) = &mut model.graph else { return Ok(None) };
    let weights: HashMap<String, TensorProto> = graph
        .initializer
        .iter()
        .filter(|tensor| tensor.dims.len() == 5 || tensor.dims.len() == 1)
        .filter_map(|tensor| Some((tensor.name.clone()?, tensor.clone())))
        .collect();
    let mut made = Made::default();
    let mut changed = false;
    for node in core::mem::take(&mut graph.node) {
        let kernel = node.input.get(1).and_then(|name| weights.get(name)).filter(|w| w.dims.len() == 5);
        match (node.op_type.as_deref(), kernel) {
            (Some("Conv"), Some(kernel)) => made.convolution(&node, kernel)?,
            (Some("ConvTranspose"), Some(kernel)) => {
                let bias = node.input.get(2).and_then(|name| weights.get(name));
                made.transposed(&node, kernel, bias)?;
            }
            (Some("MaxPool"), _) if ints(&node, "kernel_shape").len() == 3 => made.pool(&node)?,
            _ => {
                made.nodes.push(node);
                continue;
            }
        }
        changed = true;
    }
    graph.node = made.nodes;
    graph.initializer.extend(made.constants);
    if changed { model.write_buf().map(Some).map_err(NetworkError::new) } else { Ok(None) }
}

/// Nodes in their order, and constants that they use.
#[derive(Default)]
struct Made {
    nodes: Vec<NodeProto>,
    constants: Vec<TensorProto>,
    names: usize,
}

/// Kernel, stride, dilation along three axes, and padding before and after.
struct Window {
    kernel: [usize; 3],
    stride: [usize; 3],
    dilation: [usize; 3],
    before: [usize; 3],
    after: [usize; 3],
}

impl Window {
    fn new(node: &NodeProto, kernel: &[i64]) -> Result<Self, NetworkError> {
        let three = |values: &[i64], usual: usize| -> Result<[usize; 3], NetworkError> {
            if values.is_empty() {
                return Ok([usual; 3]);
            }
            let values: Vec<usize> = values
                .iter()
                .filter_map(|&v| usize::try_from(v).ok())
                .filter(|&v| v <= MOST_PLANES)
                .collect();
            let three = values.try_into().ok();
            three.ok_or_else(|| cannot(node, "its kernel, stride or padding is too large"))
        };
        let pads = ints(node, "pads");
        let auto = text(node, "auto_pad");
        if !matches!(auto.as_deref(), None | Some("NOTSET" | "VALID")) {
            return Err(cannot(node, "its padding is automatic"));
        }
        let (first, last) = pads.split_at(pads.len() / 2);
        let window = Self {
            kernel: three(kernel, 1)?,
            stride: three(ints(node, "strides"), 1)?,
            dilation: three(ints(node, "dilations"), 1)?,
            before: three(first, 0)?,
            after: three(last, 0)?,
        };
        let positive = [window.kernel, window.stride, window.dilation].iter().flatten().all(|&n| n > 0);
        if positive { Ok(window) } else { Err(cannot(node, "its kernel, stride or dilation is zero")) }
    }

    /// Attributes for the convolution in rows and columns.
    fn flat(&self) -> Vec<AttributeProto> {
        let two = |values: [usize; 3]| vec![values[1] as i64, values[2] as i64];
        vec![
            attribute("kernel_shape", two(self.kernel)),
            attribute("strides", two(self.stride)),
            attribute("dilations", two(self.dilation)),
            attribute("pads", [two(self.before), two(self.after)].concat()),
        ]
    }
}

impl Made {
    fn name(&mut self) -> String {
        self.names += 1;
        format!("flat/{}", self.names)
    }

    fn node(&mut self, kind: &str, input: Vec<String>, attribute: Vec<AttributeProto>) -> String {
        let output = self.name();
        self.nodes.push(NodeProto {
            op_type: Some(kind.to_owned()),
            input,
            output: vec![output.clone()],
            attribute,
            ..NodeProto::default()
        });
        output
    }

    fn integers(&mut self, values: &[i64]) -> String {
        let name = self.name();
        self.constants.push(TensorProto {
            dims: vec![values.len() as i64],
            data_type: Some(DataType::INT64),
            raw_data: Some(RefCell::new(values.iter().flat_map(|v| v.to_le_bytes()).collect())),
            name: Some(name.clone()),
            ..TensorProto::default()
        });
        name
    }

    fn floats(&mut self, dims: &[usize], values: &[f32]) -> String {
        let name = self.name();
        self.constants.push(TensorProto {
            dims: dims.iter().map(|&n| n as i64).collect(),
            data_type: Some(DataType::FLOAT),
            raw_data: Some(RefCell::new(values.iter().flat_map(|v| v.to_le_bytes()).collect())),
            name: Some(name.clone()),
            ..TensorProto::default()
        });
        name
    }

    /// One, channels, depth, rows, columns to depth, channels, rows, columns.
    fn planes(&mut self, image: &str) -> String {
        let axis = self.integers(&[0]);
        let image = self.node("Squeeze", vec![image.to_owned(), axis], Vec::new());
        self.node("Transpose", vec![image], vec![attribute("perm", vec![1, 0, 2, 3])])
    }

    /// And back, under the name of the node's output.
    fn image(&mut self, node: &NodeProto, planes: String) {
        let turned = self.node("Transpose", vec![planes], vec![attribute("perm", vec![1, 0, 2, 3])]);
        let axis = self.integers(&[0]);
        self.node("Unsqueeze", vec![turned, axis], Vec::new());
        if let (Some(last), Some(output)) = (self.nodes.last_mut(), node.output.first()) {
            last.output = vec![output.clone()];
        }
    }

    /// Zeros around the planes.
    fn padded(&mut self, planes: String, before: usize, after: usize) -> String {
        if before == 0 && after == 0 {
            return planes;
        }
        let pads = self.integers(&[before as i64, 0, 0, 0, after as i64, 0, 0, 0]);
        self.node("Pad", vec![planes, pads], Vec::new())
    }

    /// Every `step`-th plane from `start`; of `end` those below zero count from the last.
    fn slice(&mut self, planes: &str, start: usize, end: i64, step: usize) -> String {
        let bounds = [start as i64, end, 0, step as i64].map(|n| self.integers(&[n]));
        let input = [planes.to_owned()].into_iter().chain(bounds).collect();
        self.node("Slice", input, Vec::new())
    }

    /// The planes that each part of a window sees.
    fn seen(&mut self, planes: &str, taps: usize, dilation: usize, stride: usize) -> Vec<String> {
        if taps == 1 && stride == 1 {
            return vec![planes.to_owned()];
        }
        let parts = (0..taps).map(|k| {
            let left = (taps - 1 - k) * dilation;
            self.slice(planes, k * dilation, if left == 0 { LAST } else { -(left as i64) }, stride)
        });
        parts.collect()
    }

    fn stacked(&mut self, mut parts: Vec<String>) -> String {
        if parts.len() == 1 { parts.remove(0) } else { self.node("Concat", parts, vec![integer("axis", 1)]) }
    }

    fn convolution(&mut self, node: &NodeProto, weights: &TensorProto) -> Result<(), NetworkError> {
        let ([outputs, inputs, taps, height, width], values) = kernel(node, weights)?;
        let window = Window::new(node, &[taps, height, width].map(|n| n as i64))?;
        let group = one(node, "group", 1);
        let planes = self.planes(first_input(node)?);
        let planes = self.padded(planes, window.before[0], window.after[0]);
        let parts = self.seen(&planes, taps, window.dilation[0], window.stride[0]);
        let plane = height * width;
        // Weights of one output, one input channel and one plane of the kernel.
        let at = |o: usize, c: usize, k: usize| &values[((o * inputs + c) * taps + k) * plane..][..plane];
        let bias = node.input.get(2).cloned();
        let made = if group == 1 {
            let mut stacked = Vec::with_capacity(values.len());
            for o in 0..outputs {
                for k in 0..taps {
                    (0..inputs).for_each(|c| stacked.extend_from_slice(at(o, c, k)));
                }
            }
            let image = self.stacked(parts);
            let weights = self.floats(&[outputs, taps * inputs, height, width], &stacked);
            self.node("Conv", [image, weights].into_iter().chain(bias).collect(), window.flat())
        } else {
            // Groups cannot be stacked across planes: the sum over the planes of the kernel.
            let mut sum: Option<String> = None;
            for (k, part) in parts.into_iter().enumerate() {
                let one: Vec<f32> =
                    (0..outputs * inputs).flat_map(|n| at(n / inputs, n % inputs, k).to_vec()).collect();
                let weights = self.floats(&[outputs, inputs, height, width], &one);
                let mut attributes = window.flat();
                attributes.push(integer("group", group));
                let bias = bias.clone().filter(|_| k == 0);
                let made = self.node("Conv", [part, weights].into_iter().chain(bias).collect(), attributes);
                sum = Some(match sum {
                    None => made,
                    Some(sum) => self.node("Add", vec![sum, made], Vec::new()),
                });
            }
            sum.ok_or_else(|| cannot(node, "its kernel is empty"))?
        };
        self.image(node, made);
        Ok(())
    }

    fn transposed(
        &mut self,
        node: &NodeProto,
        weights: &TensorProto,
        bias: Option<&TensorProto>,
    ) -> Result<(), NetworkError> {
        let ([inputs, outputs, taps, height, width], values) = kernel(node, weights)?;
        let window = Window::new(node, &[taps, height, width].map(|n| n as i64))?;
        if one(node, "group", 1) != 1 || window.dilation != [1; 3] || !ints(node, "output_shape").is_empty() {
            return Err(cannot(node, "it has groups, dilations or an output shape"));
        }
        let more = ints(node, "output_padding");
        // Each plane of the answer sums over `reach` planes, those of one phase with the same weights.
        let (stride, plane) = (window.stride[0], height * width);
        let reach = taps.div_ceil(stride);
        let mut stacked = Vec::with_capacity(reach * stride * inputs * outputs * plane);
        for j in 0..reach {
            for c in 0..inputs {
                for phase in 0..stride {
                    for o in 0..outputs {
                        let k = phase + j * stride;
                        if k < taps {
                            let from = ((c * outputs + o) * taps + k) * plane;
                            stacked.extend_from_slice(&values[from..][..plane]);
                        } else {
                            stacked.extend(std::iter::repeat_n(0.0, plane));
                        }
                    }
                }
            }
        }
        let planes = self.planes(first_input(node)?);
        let planes = self.padded(planes, reach - 1, reach - 1);
        let mut parts = self.seen(&planes, reach, 1, 1);
        // The answer's plane m takes plane m − j through the weights of j.
        parts.reverse();
        let image = self.stacked(parts);
        let weights = self.floats(&[reach * inputs, stride * outputs, height, width], &stacked);
        let mut input = vec![image, weights];
        if let Some(bias) = bias {
            let values = numbers(node, bias)?;
            input.push(self.floats(&[stride * outputs], &values.repeat(stride)));
        } else if node.input.len() > 2 {
            return Err(cannot(node, "its bias is no constant"));
        }
        let mut attributes = window.flat();
        if let [_, rows, columns] = *more {
            attributes.push(attribute("output_padding", vec![rows, columns]));
        }
        let made = self.node("ConvTranspose", input, attributes);
        let shape = self.integers(&[-1, outputs as i64, 0, 0]);
        let mut made = self.node("Reshape", vec![made, shape], Vec::new());
        let extra = more.first().copied().unwrap_or(0);
        let beyond = (reach * stride - taps + window.after[0]) as i64 - extra;
        if beyond < 0 {
            return Err(cannot(node, "its output padding exceeds what it covers"));
        }
        if window.before[0] > 0 || beyond > 0 {
            made = self.slice(&made, window.before[0], if beyond == 0 { LAST } else { -beyond }, 1);
        }
        self.image(node, made);
        Ok(())
    }

    fn pool(&mut self, node: &NodeProto) -> Result<(), NetworkError> {
        let window = Window::new(node, ints(node, "kernel_shape"))?;
        let plain = window.dilation == [1; 3] && one(node, "ceil_mode", 0) == 0 && node.output.len() == 1;
        if !plain || window.before[0] != 0 || window.after[0] != 0 {
            return Err(cannot(node, "it has dilations, padded planes, rounding up or indices"));
        }
        let planes = self.planes(first_input(node)?);
        let mut attributes = window.flat();
        attributes.retain(|attribute| attribute.name.as_deref() != Some("dilations"));
        let flat = self.node("MaxPool", vec![planes], attributes);
        let parts = self.seen(&flat, window.kernel[0], 1, window.stride[0]);
        let made = self.node("Max", parts, Vec::new());
        self.image(node, made);
        Ok(())
    }
}

fn first_input(node: &NodeProto) -> Result<&str, NetworkError> {
    node.input.first().map(String::as_str).ok_or_else(|| cannot(node, "it has no input"))
}

/// Dimensions and values of a kernel.
fn kernel(node: &NodeProto, tensor: &TensorProto) -> Result<([usize; 5], Vec<f32>), NetworkError> {
    let dims: Vec<usize> = tensor.dims.iter().filter_map(|&n| usize::try_from(n).ok()).collect();
    let dims = dims.try_into().ok();
    let dims: [usize; 5] = dims.ok_or_else(|| cannot(node, "its kernel has no five dimensions"))?;
    let values = numbers(node, tensor)?;
    let count = dims.iter().try_fold(1_usize, |all, &n| all.checked_mul(n));
    if count == Some(values.len()) && !values.is_empty() {
        Ok((dims, values))
    } else {
        Err(cannot(node, "its kernel has another number of weights than it says"))
    }
}

fn numbers(node: &NodeProto, tensor: &TensorProto) -> Result<Vec<f32>, NetworkError> {
    if tensor.data_type != Some(DataType::FLOAT) {
        return Err(cannot(node, "its weights are not 32-bit floating point numbers"));
    }
    Ok(match &tensor.raw_data {
        Some(raw) => raw.borrow().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
        None => tensor.float_data.clone(),
    })
}

fn cannot(node: &NodeProto, why: &str) -> NetworkError {
    let (kind, name) = (node.op_type.as_deref().unwrap_or("node"), node.name.as_deref().unwrap_or(""));
    NetworkError::new(format!("{kind} {name:?} in three dimensions: {why}"))
}

fn found<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name.as_deref() == Some(name))
}

fn ints<'a>(node: &'a NodeProto, name: &str) -> &'a [i64] {
    found(node, name).map_or(&[], |attribute| &attribute.ints)
}

fn one(node: &NodeProto, name: &str, usual: i64) -> i64 {
    found(node, name).and_then(|attribute| attribute.i).unwrap_or(usual)
}

fn text(node: &NodeProto, name: &str) -> Option<String> {
    found(node, name).and_then(|attribute| attribute.s.clone())
}

fn attribute(name: &str, ints: Vec<i64>) -> AttributeProto {
    let (name, r#type) = (Some(name.to_owned()), Some(AttributeType::INTS));
    AttributeProto { name, ints, r#type, ..AttributeProto::default() }
}

fn integer(name: &str, value: i64) -> AttributeProto {
    let (name, r#type) = (Some(name.to_owned()), Some(AttributeType::INT));
    AttributeProto { name, i: Some(value), r#type, ..AttributeProto::default() }
}

#[cfg(test)]
mod tests;
