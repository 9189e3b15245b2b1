//! Networks in ONNX, run by the pure-Rust engine rten.

use meshing_volume::Told;
use rten::{Model, NodeId};
use rten_tensor::Tensor;
use rten_tensor::prelude::*;

/// A network that cannot be read or run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the network cannot be run: {0}")]
pub struct NetworkError(String);

impl NetworkError {
    /// With what the engine says.
    pub fn new(why: impl std::fmt::Display) -> Self {
        Self(why.to_string())
    }

    /// With more to say.
    pub(crate) fn and(self, more: &str) -> Self {
        Self(format!("{} ({more})", self.0))
    }
}

impl Told for NetworkError {
    fn chinese(&self) -> String {
        format!("无法运行网络：{}", self.0)
    }
}

/// A network of one input and one output.
///
/// The output follows from the input alone, on any number of threads; processors with other vector units may differ in the
/// last digits.
pub(crate) struct Network {
    model: Model,
    input: NodeId,
    output: NodeId,
}

/// Numbers of channels × rows × columns, columns fastest.
pub(crate) struct Planes {
    pub values: Vec<f32>,
    pub shape: [usize; 3],
}

impl Network {
    pub(crate) fn read(onnx: &[u8]) -> Result<Self, NetworkError> {
        Self::read_named(onnx.to_vec(), None, None)
    }

    /// With the input and the output of these names; the only input, the first output where there is none.
    pub(crate) fn read_named(
        onnx: Vec<u8>,
        input: Option<&str>,
        output: Option<&str>,
    ) -> Result<Self, NetworkError> {
        let model = Model::load(onnx).map_err(NetworkError::new)?;
        let find = |name: Option<&str>, what: &str, among: &[NodeId]| match name {
            Some(name) => among
                .iter()
                .copied()
                .find(|&id| model.node_info(id).is_some_and(|node| node.name() == Some(name)))
                .ok_or_else(|| NetworkError::new(format!("it has no {what} of the name {name:?}"))),
            None => among.first().copied().ok_or_else(|| NetworkError::new(format!("it has no {what}"))),
        };
        let output = find(output, "output", model.output_ids())?;
        let inputs = model.input_ids();
        if inputs.len() > 1 {
            return Err(NetworkError::new(format!("it has {} inputs, not one", inputs.len())));
        }
        let input = find(input, "input", inputs)?;
        Ok(Self { model, input, output })
    }

    pub(crate) fn run(&self, input: Planes) -> Result<Planes, NetworkError> {
        let [channels, rows, columns] = input.shape;
        let (values, shape) = self.answer(input.values, &[1, channels, rows, columns])?;
        let shape: [usize; 4] =
            shape.try_into().map_err(|shape| NetworkError::new(format!("its answer is {shape:?}")))?;
        let [_, channels, rows, columns] = shape;
        Ok(Planes { values, shape: [channels, rows, columns] })
    }

    /// The answer to values of a shape, last dimension fastest, and its shape.
    pub(crate) fn answer(
        &self,
        values: Vec<f32>,
        shape: &[usize],
    ) -> Result<(Vec<f32>, Vec<usize>), NetworkError> {
        let input = Tensor::try_from_data(shape, values).map_err(NetworkError::new)?;
        let answers = self.model.run(vec![(self.input, input.into())], &[self.output], None);
        let answer = answers.map_err(NetworkError::new)?.pop();
        let answer = answer.ok_or_else(|| NetworkError::new("it gives no answer"))?;
        let answer: Tensor<f32> = answer.try_into().map_err(NetworkError::new)?;
        let shape = answer.shape().to_vec();
        Ok((answer.into_data(), shape))
    }
}
