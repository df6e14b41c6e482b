"""Peers without networks: scikit-learn's, and what is rebuilt in a few lines."""

from __future__ import annotations

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest

from agent.quality.peers.scaling import Rows, Standard, trailing_windows

CHUNK = 4_096  # rows at a time where windows are copied


class Chance:
    """A random score for each row: where the floor of the figures lies."""

    label = "random"
    origin = "floor"

    def fit(self, train: Rows, seed: int) -> None:
        """Nothing is learnt."""
        del train
        self._seed = seed

    def score(self, test: Rows) -> Rows:
        """(n, C) → (n,)"""
        return np.random.default_rng(self._seed).random(len(test))


class MeanSquare:
    """Mean squared distance from the mean of training, in standard deviations."""

    label = "mean z²"
    origin = "rebuilt"

    def fit(self, train: Rows, seed: int) -> None:
        """(n, C) rows."""
        del seed
        self._standard = Standard.of(train)

    def score(self, test: Rows) -> Rows:
        """(n, C) → (n,)"""
        return np.asarray(np.square(self._standard(test)).mean(axis=1))


class Forest:
    """Isolation forest with scikit-learn's own defaults."""

    label = "IForest"
    origin = "scikit-learn"

    def fit(self, train: Rows, seed: int) -> None:
        """(n, C) rows."""
        self._forest = IsolationForest(n_estimators=100, random_state=seed, n_jobs=1).fit(train)

    def score(self, test: Rows) -> Rows:
        """(n, C) → (n,)"""
        return np.asarray(-self._forest.score_samples(test))


class PrincipalComponents:
    """Reconstruction error of the components that hold 90 % of the variance."""

    label = "PCA reconstruction"
    origin = "scikit-learn"
    kept = 0.9

    def fit(self, train: Rows, seed: int) -> None:
        """(n, C) rows."""
        del seed
        self._standard = Standard.of(train)
        self._pca = PCA(self.kept, svd_solver="full").fit(self._standard(train))

    def score(self, test: Rows) -> Rows:
        """(n, C) → (n,)"""
        z = self._standard(test)
        rebuilt = self._pca.inverse_transform(self._pca.transform(z))
        return np.asarray(np.square(z - rebuilt).mean(axis=1))


class Mahalanobis:
    """Distance from the mean whitened by the covariance of training, with a ridge."""

    label = "Mahalanobis"
    origin = "rebuilt"
    ridge = 0.05

    def fit(self, train: Rows, seed: int) -> None:
        """(n, C) rows."""
        del seed
        self._standard = Standard.of(train)
        z = self._standard(train)
        covariance = np.atleast_2d(np.cov(z, rowvar=False)) + self.ridge * np.eye(z.shape[1])
        self._precision = np.linalg.inv(covariance)

    def score(self, test: Rows) -> Rows:
        """(n, C) → (n,)"""
        z = self._standard(test)
        return np.asarray(np.einsum("nc,cd,nd->n", z, self._precision, z, optimize=True) / z.shape[1])


class WindowClusters:
    """KMeansAD (Yairi et al. 2001): distance of the last 20 rows from the nearest of 20 centres."""

    label = "KMeansAD (window 20)"
    origin = "scikit-learn"
    window = 20
    clusters = 20
    most_windows = 8_000

    def fit(self, train: Rows, seed: int) -> None:
        """(n, C) rows, more than a window."""
        self._standard = Standard.of(train)
        windows = trailing_windows(self._standard(train), self.window)[self.window - 1 :]
        kept = windows[:: max(1, -(-len(windows) // self.most_windows))]
        flat = kept.reshape(len(kept), -1)
        clusters = min(self.clusters, len(flat))
        self._means = KMeans(clusters, n_init=2, random_state=seed).fit(flat)

    def score(self, test: Rows) -> Rows:
        """(n, C) → (n,)"""
        windows = trailing_windows(self._standard(test), self.window)
        parts = [windows[at : at + CHUNK] for at in range(0, len(windows), CHUNK)]
        return np.concatenate([self._means.transform(p.reshape(len(p), -1)).min(axis=1) for p in parts])
