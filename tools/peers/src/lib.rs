//! Starts real peers (Orthanc, DCMTK, Monado) for tests.
