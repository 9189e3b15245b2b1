//! Networks in ONNX, run by the pure-Rust engine rten.

use rten::Model;
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

/// A network that cannot be read or run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the network cannot be run: {0}")]
pub struct NetworkError(String);

/// A network of one input and one output, each of channels × rows × columns.
///
/// The output follows from the input alone, on any number of threads; processors with other vector units may differ in the
/// last digits.
pub(crate) struct Network(Model);

/// Numbers of channels × rows × columns, columns fastest.
pub(crate) struct Planes {
    pub values: Vec<f32>,
    pub shape: [usize; 3],
}

impl Network {
    pub(crate) fn read(onnx: &[u8]) -> Result<Self, NetworkError> {
        Model::load(onnx.to_vec()).map(Self).map_err(fault)
    }

    pub(crate) fn run(&self, input: Planes) -> Result<Planes, NetworkError> {
        let [channels, rows, columns] = input.shape;
        let input = NdTensor::try_from_data([1, channels, rows, columns], input.values).map_err(fault)?;
        let output = self.0.run_one(input.into(), None).map_err(fault)?;
        let output: NdTensor<f32, 4> = output.try_into().map_err(fault)?;
        let [_, channels, rows, columns] = output.shape();
        Ok(Planes { values: output.to_vec(), shape: [channels, rows, columns] })
    }
}

fn fault(error: impl std::fmt::Display) -> NetworkError {
    NetworkError(error.to_string())
}
